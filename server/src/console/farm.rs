//! The farm page: groups that hang together, and approvals of what ties devices.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::{
    Timestamp,
    id::{ApprovalId, DeviceId},
};
use bearing_store::{GroupRow, TieApproval};
use serde::Deserialize;

use super::{
    ProblemPage,
    form::{Fields, Ids, done, end_of_day},
    frame::{Frame, Visit, page},
    group::{edges_of, kind_words},
    view::{When, points, shown, verdict_class, verdict_word},
};
use crate::{
    act::{self, ActError, TieRequest},
    app::App,
};

/// Most groups and approvals on the page.
const MAX_LISTED: u32 = 500;

/// A group, in a line.
#[derive(Clone, Debug)]
pub(super) struct GroupLine {
    id: String,
    word: &'static str,
    class: &'static str,
    workers: u32,
    devices: usize,
    weight: String,
    /// What explains it, in words.
    explains: Vec<String>,
    first: When,
    ended: Option<When>,
}

/// An approval, in a line.
#[derive(Clone, Debug)]
pub(super) struct TieLine {
    id: String,
    what: String,
    value: String,
    between: bool,
    owner: String,
    reason: String,
    created_by: String,
    ends: When,
    in_force: bool,
}

#[derive(Template)]
#[template(path = "farm.html")]
pub(super) struct FarmPage {
    frame: Frame,
    standing: Vec<GroupLine>,
    ended: Vec<GroupLine>,
    ties: Vec<TieLine>,
}

fn group_line(row: &GroupRow, now: Timestamp) -> GroupLine {
    let explaining = edges_of(row).into_iter().filter(|edge| edge.explains);
    GroupLine {
        id: row.id.clone(),
        word: verdict_word(&row.verdict),
        class: verdict_class(&row.verdict),
        workers: row.workers,
        devices: row.members.len(),
        weight: points(row.weight),
        explains: explaining.map(|edge| kind_words(&edge.kind)).collect(),
        first: When::at(row.first_seen, now),
        ended: When::maybe(row.ended_at, now),
    }
}

fn tie_line(row: &TieApproval, now: Timestamp) -> TieLine {
    TieLine {
        id: row.id.to_string(),
        what: kind_words(row.kind.as_str()),
        value: shown(&row.value),
        between: row.between.is_some(),
        owner: shown(&row.owner),
        reason: shown(&row.reason),
        created_by: shown(&row.created_by),
        ends: When::at(row.expires_at, now),
        in_force: row.revoked_at.is_none() && now < row.expires_at,
    }
}

impl FarmPage {
    pub(super) fn of(frame: Frame, groups: &[GroupRow], ties: &[TieApproval], now: Timestamp) -> Self {
        let (standing, ended): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.ended_at.is_none());
        Self {
            frame,
            standing: standing.into_iter().map(|row| group_line(row, now)).collect(),
            ended: ended.into_iter().map(|row| group_line(row, now)).collect(),
            ties: ties.iter().map(|row| tie_line(row, now)).collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::{group::samples, samples as common};
        let frame = || Frame::sample("farm", bearing_store::Role::Analyst);
        let ended = GroupRow { ended_at: Some(common::now()), ..samples::group() };
        vec![
            Self::of(frame(), &[], &[], common::now()),
            Self::of(frame(), &[samples::group(), ended], &[samples::tie()], common::now()),
        ]
    }
}

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, ProblemPage> {
    let groups = app.store.groups_of_devices(true, MAX_LISTED).await?;
    let ties = app.store.tie_approvals(MAX_LISTED).await?;
    Ok(page(&FarmPage::of(visit.frame(&app, "farm"), &groups, &ties, app.clock.now())))
}

/// The fields of an approval.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    kind: String,
    value: String,
    #[serde(default)]
    one: String,
    #[serde(default)]
    other: String,
    owner: String,
    reason: String,
    until: String,
}

impl Given {
    fn between(&self) -> Result<Option<(DeviceId, DeviceId)>, ActError> {
        let id = |text: &str| {
            text.trim().parse::<DeviceId>().map_err(|_| ActError::invalid("a device's id begins with dev_"))
        };
        match (self.one.trim(), self.other.trim()) {
            ("", "") => Ok(None),
            (one, other) => Ok(Some((id(one)?, id(other)?))),
        }
    }
}

pub(super) async fn approve(
    State(app): State<App>,
    visit: Visit,
    Fields(given): Fields<Given>,
) -> Result<Response, ProblemPage> {
    let request = TieRequest {
        between: given.between()?,
        kind: given.kind,
        value: given.value,
        owner: given.owner,
        reason: given.reason,
        expires_at: end_of_day("the end", &given.until)?,
    };
    act::approve_tie(&app, visit.actor(), request).await?;
    Ok(done("/farm", "tie"))
}

pub(super) async fn withdraw(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<ApprovalId>,
) -> Result<Response, ProblemPage> {
    act::withdraw_tie(&app, visit.actor(), &id).await?;
    Ok(done("/farm", "withdrawn"))
}
