//! Approvals: what is known and wanted, by whom, until when.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::{Timestamp, id::ApprovalId};
use bearing_store::ApprovalRow;

use super::{
    ProblemPage,
    form::{Ids, done},
    frame::{Frame, Visit, page},
    view::{When, shown},
};
use crate::{act, app::App};

/// Most ended approvals that are listed.
const MAX_ENDED: usize = 100;

/// An approval, in a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    id: String,
    covers: String,
    device: Option<String>,
    owner: String,
    reason: String,
    created_by: String,
    created: When,
    expires: When,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "approvals.html")]
pub(super) struct ApprovalsPage {
    frame: Frame,
    in_force: Vec<Line>,
    ended: Vec<Line>,
}

impl ApprovalsPage {
    pub(super) fn of(frame: Frame, approvals: &[ApprovalRow], now: Timestamp) -> Self {
        let (in_force, ended): (Vec<_>, Vec<_>) =
            approvals.iter().partition(|row| row.revoked_at.is_none() && row.expires_at > now);
        Self {
            frame,
            in_force: in_force.into_iter().map(|row| line(row, now)).collect(),
            ended: ended.into_iter().take(MAX_ENDED).map(|row| line(row, now)).collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("approvals", bearing_store::Role::Analyst);
        let given = samples::approval();
        let ended = ApprovalRow { revoked_at: Some(samples::now()), ..given.clone() };
        vec![Self::of(frame(), &[], samples::now()), Self::of(frame(), &[given, ended], samples::now())]
    }
}

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, ProblemPage> {
    let approvals = app.store.approvals().await?;
    Ok(page(&ApprovalsPage::of(visit.frame(&app, "approvals"), &approvals, app.clock.now())))
}

pub(super) async fn withdraw(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<ApprovalId>,
) -> Result<Response, ProblemPage> {
    act::withdraw_approval(&app, visit.actor(), &id).await?;
    Ok(done("/approvals", "withdrawn"))
}

fn line(row: &ApprovalRow, now: Timestamp) -> Line {
    let mut covers = Vec::new();
    if row.finding.is_some() {
        covers.push("one finding".to_owned());
    }
    if let Some(product) = &row.product {
        covers.push(format!("product “{}”", shown(product)));
    }
    if let Some(rule) = &row.rule {
        covers.push(format!("rule {rule}"));
    }
    if let Some(group) = &row.group {
        covers.push(format!("in group “{}”", shown(group)));
    }
    if let Some(hours) = act::approval_hours(row) {
        let days: Vec<String> = hours.weekdays.iter().map(|day| format!("{day:?}")).collect();
        let days = if days.is_empty() { "every day".to_owned() } else { days.join(" ") };
        covers.push(format!(
            "{days} {} to {} ({})",
            shown(&hours.from),
            shown(&hours.to),
            shown(&hours.zone)
        ));
    }
    Line {
        id: row.id.to_string(),
        covers: covers.join(", "),
        device: row.device.as_ref().map(ToString::to_string),
        owner: shown(&row.owner),
        reason: shown(&row.reason),
        created_by: shown(&row.created_by),
        created: When::at(row.created_at, now),
        expires: When::at(row.expires_at, now),
        state: if row.revoked_at.is_some() {
            "withdrawn"
        } else if row.expires_at <= now {
            "ended"
        } else {
            "in force"
        },
    }
}
