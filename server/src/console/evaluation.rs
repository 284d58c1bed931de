//! One evaluation: who answered, and the frozen result per device and rule.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bearing_protocol::{
    Timestamp,
    id::{DeviceId, EvaluationId},
    key::KeySet,
    outcome::Outcome,
    payload::{DeviceResult, EvaluationPayload, ResultCounts},
};
use bearing_store::{ChallengeRow, DeviceRow, EvaluationRow};

use super::{
    ProblemPage,
    evaluations::{Line, line},
    form::{Ids, done},
    frame::{Frame, Visit, page},
    view::{When, shown},
};
use crate::{act, app::App};

/// Most devices on the page; the bundle holds them all.
const MAX_SHOWN: usize = 200;

/// A rule on a device.
#[derive(Clone, Debug)]
pub(super) struct RuleLine {
    rule: String,
    word: &'static str,
    class: &'static str,
    reason: String,
}

/// A device's result.
#[derive(Clone, Debug)]
pub(super) struct ResultLine {
    id: String,
    name: String,
    simulated: bool,
    not_assessed: Option<String>,
    pass: usize,
    fail: usize,
    open: usize,
    rules: Vec<RuleLine>,
}

/// A device that is asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    id: String,
    name: String,
    simulated: bool,
    answered: Option<When>,
}

/// The frozen result.
#[derive(Clone, Debug)]
pub(super) struct Outcomes {
    counts: ResultCounts,
    frozen: When,
    lines: Vec<ResultLine>,
}

#[derive(Template)]
#[template(path = "evaluation.html")]
pub(super) struct EvaluationPage {
    frame: Frame,
    line: Line,
    outcomes: Option<Outcomes>,
    damaged: bool,
    asked: Vec<Asked>,
    total: usize,
    key: String,
}

impl EvaluationPage {
    pub(super) fn of(
        frame: Frame,
        row: &EvaluationRow,
        result: Option<&EvaluationPayload>,
        challenges: &[ChallengeRow],
        devices: &BTreeMap<DeviceId, DeviceRow>,
        key: String,
        now: Timestamp,
    ) -> Self {
        let name = |id: &DeviceId| {
            let device = devices.get(id);
            let name = device.map_or_else(|| id.to_string(), |device| shown(&device.hostname));
            (name, device.is_some_and(|device| device.simulated))
        };
        let outcomes = result.map(|result| Outcomes {
            counts: result.counts,
            frozen: When::at(result.frozen_at, now),
            lines: result.devices.iter().take(MAX_SHOWN).map(|device| result_line(device, &name)).collect(),
        });
        let asked = challenges.iter().take(MAX_SHOWN).map(|challenge| {
            let (name, simulated) = name(&challenge.device);
            let answered = challenge.answer.map(|(_, _, at)| When::at(at, now));
            Asked { id: challenge.device.to_string(), name, simulated, answered }
        });
        Self {
            line: line(row, now),
            damaged: row.result.is_some() && outcomes.is_none(),
            outcomes,
            asked: asked.collect(),
            total: challenges.len(),
            key,
            frame,
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("evaluations", bearing_store::Role::Auditor);
        let row = samples::evaluation();
        let device = samples::device();
        let devices = BTreeMap::from([(device.id.clone(), device)]);
        let result = samples::evaluation_result();
        let challenges = [samples::challenge()];
        let now = samples::now();
        vec![
            Self::of(frame(), &row, None, &challenges, &devices, "key_1".into(), now),
            Self::of(frame(), &row, Some(&result), &challenges, &devices, "key_1".into(), now),
        ]
    }
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<EvaluationId>,
) -> Result<Response, ProblemPage> {
    let row = app.store.evaluation(&id).await?.ok_or_else(ProblemPage::not_found)?;
    let key = app.evidence_key.public();
    let result = row
        .result
        .as_ref()
        .and_then(|envelope| envelope.open::<EvaluationPayload>(&KeySet::single(key)).ok());
    let challenges = app.store.challenges(&id).await?;
    let mut devices = BTreeMap::new();
    for challenge in challenges.iter().take(MAX_SHOWN) {
        if let Some(device) = app.store.device(&challenge.device).await? {
            devices.insert(device.id.clone(), device);
        }
    }
    let frame = visit.frame(&app, "evaluations");
    let result = result.as_deref();
    let now = app.clock.now();
    Ok(page(&EvaluationPage::of(frame, &row, result, &challenges, &devices, key.id().to_string(), now)))
}

pub(super) async fn freeze(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<EvaluationId>,
) -> Result<Response, ProblemPage> {
    act::freeze_evaluation(&app, visit.actor(), &id).await?;
    Ok(done(&format!("/evaluations/{id}"), "frozen"))
}

/// The signed bundle, as a file. The export itself is in the audit log.
pub(super) async fn bundle(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<EvaluationId>,
) -> Result<Response, ProblemPage> {
    let bytes = act::export_bundle(&app, visit.actor(), &id).await?;
    let mut answer = bytes.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let name = format!("attachment; filename=\"bearing-evidence-{id}.json\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

fn result_line(result: &DeviceResult, name: &dyn Fn(&DeviceId) -> (String, bool)) -> ResultLine {
    let (name, simulated) = name(&result.device_id);
    let count = |outcome| result.rules.iter().filter(|rule| rule.outcome == outcome).count();
    ResultLine {
        id: result.device_id.to_string(),
        name,
        simulated,
        not_assessed: result.not_assessed.as_deref().map(shown),
        pass: count(Outcome::Pass),
        fail: count(Outcome::Fail),
        open: result.rules.len()
            - count(Outcome::Pass)
            - count(Outcome::Fail)
            - count(Outcome::NotApplicable),
        rules: result
            .rules
            .iter()
            .map(|rule| RuleLine {
                rule: rule.rule.to_string(),
                word: outcome_word(rule.outcome),
                class: rule.outcome.as_str(),
                reason: rule.reason.as_deref().map(shown).unwrap_or_default(),
            })
            .collect(),
    }
}

const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "Pass",
        Outcome::Fail => "Fail",
        Outcome::NotApplicable => "Not applicable",
        Outcome::NotChecked => "Not checked",
        Outcome::Error => "Error",
        Outcome::Unknown => "Cannot tell",
    }
}
