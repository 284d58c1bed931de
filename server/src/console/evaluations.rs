//! Evaluations: what was asked of which devices, and how many answered.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::{
    Timestamp,
    id::DeviceId,
    payload::EvaluationScope,
    rule::{Family, RuleId},
};
use bearing_store::{EvaluationRow, EvaluationStatus};
use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    ProblemPage,
    form::{Fields, done},
    frame::{Frame, Visit, page},
    view::{When, family_word, shown},
};
use crate::{
    act::{self, ActError, EvaluationRequest},
    app::App,
};

const ROWS: u32 = 100;
/// Longest time that answers are awaited, in hours.
const LONGEST_HOURS: i64 = 24 * 31;

/// An evaluation, in a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) scope: String,
    pub(super) frozen: bool,
    pub(super) devices: u64,
    pub(super) answered: u64,
    pub(super) created_by: String,
    pub(super) created: When,
    pub(super) deadline: When,
}

#[derive(Template)]
#[template(path = "evaluations.html")]
pub(super) struct EvaluationsPage {
    frame: Frame,
    lines: Vec<Line>,
    groups: Vec<String>,
    families: Vec<(&'static str, &'static str)>,
}

impl EvaluationsPage {
    pub(super) fn of(frame: Frame, rows: &[EvaluationRow], groups: &[String], now: Timestamp) -> Self {
        Self {
            frame,
            lines: rows.iter().map(|row| line(row, now)).collect(),
            groups: groups.iter().map(|group| shown(group)).collect(),
            families: Family::ALL.into_iter().map(|family| (family.as_str(), family_word(family))).collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("evaluations", bearing_store::Role::Auditor);
        let groups = [samples::HOSTILE.to_owned()];
        vec![
            Self::of(frame(), &[], &[], samples::now()),
            Self::of(frame(), &[samples::evaluation()], &groups, samples::now()),
        ]
    }
}

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, ProblemPage> {
    let rows = app.store.evaluations(ROWS).await?;
    let groups = app.store.groups().await?;
    Ok(page(&EvaluationsPage::of(visit.frame(&app, "evaluations"), &rows, &groups, app.clock.now())))
}

/// The form that creates an evaluation.
#[derive(Deserialize)]
pub(super) struct EvaluationFields {
    name: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    devices: String,
    #[serde(default)]
    family: String,
    hours: i64,
}

pub(super) async fn create(
    State(app): State<App>,
    visit: Visit,
    Fields(sent): Fields<EvaluationFields>,
) -> Result<Response, ProblemPage> {
    if !(1..=LONGEST_HOURS).contains(&sent.hours) {
        let what = format!("answers are awaited for 1 to {LONGEST_HOURS} hours");
        return Err(ActError::invalid(what).into());
    }
    let now = app.clock.now();
    let devices = sent.devices.split_whitespace().map(str::parse::<DeviceId>).collect::<Result<_, _>>();
    let family: Option<Family> = sent.family.parse().ok();
    let rules: Vec<RuleId> = match family {
        Some(family) => {
            app.catalogue.rules().map(|rule| rule.id).filter(|rule| rule.family() == family).collect()
        }
        None => Vec::new(),
    };
    if family.is_some() && rules.is_empty() {
        return Err(
            ActError::invalid("no rule of this family works yet: choose another, or all rules").into()
        );
    }
    let request = EvaluationRequest {
        name: sent.name,
        groups: if sent.group.is_empty() { Vec::new() } else { vec![sent.group] },
        devices: devices.map_err(|error| ActError::invalid(error.to_string()))?,
        rules,
        deadline: now.saturating_add(SignedDuration::from_hours(sent.hours)).unwrap_or(now),
    };
    let row = act::create_evaluation(&app, visit.actor(), request).await?;
    Ok(done(&format!("/evaluations/{}", row.id), "evaluation"))
}

/// An evaluation in a line.
pub(super) fn line(row: &EvaluationRow, now: Timestamp) -> Line {
    Line {
        id: row.id.to_string(),
        name: shown(&row.name),
        scope: scope_words(&row.scope),
        frozen: row.status == EvaluationStatus::Frozen,
        devices: row.devices,
        answered: row.answered,
        created_by: shown(&row.created_by),
        created: When::at(row.created_at, now),
        deadline: When::at(row.deadline, now),
    }
}

fn scope_words(scope: &EvaluationScope) -> String {
    let groups = scope.groups.iter().map(|group| shown(group)).collect::<Vec<_>>().join(", ");
    let whom = match (scope.groups.is_empty(), scope.devices.len()) {
        (true, 0) => "all devices".to_owned(),
        (true, 1) => "one device".to_owned(),
        (true, count) => format!("{count} devices"),
        (false, 0) => format!("group {groups}"),
        (false, count) => format!("group {groups} and {count} devices"),
    };
    let what = match scope.rules.as_slice() {
        [] => "all rules".to_owned(),
        [one] => format!("rule {one}"),
        many => format!("{} rules", many.len()),
    };
    format!("{whom}, {what}")
}
