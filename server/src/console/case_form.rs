//! The forms that work a case. Each change names the version it saw, so that a form sent twice changes nothing twice.

use axum::{extract::State, response::Response};
use bearing_protocol::id::{CaseId, DeviceId, FindingId};
use bearing_store::{CaseDecision, CheckResult};
use serde::Deserialize;

use super::{
    ProblemPage,
    form::{Fields, Ids, done},
    frame::Visit,
};
use crate::{
    act::{self, ActError, Answer, Chosen},
    app::App,
};

fn back(id: &CaseId, code: &str) -> Response {
    done(&format!("/cases/{id}"), code)
}

/// The form that says who works on it.
#[derive(Deserialize)]
pub(super) struct AssignFields {
    assignee: String,
}

pub(super) async fn assign(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<CaseId>,
    Fields(sent): Fields<AssignFields>,
) -> Result<Response, ProblemPage> {
    act::assign_case(&app, visit.actor(), &id, &sent.assignee).await?;
    Ok(back(&id, "assigned"))
}

/// The form that gives it another title.
#[derive(Deserialize)]
pub(super) struct TitleFields {
    title: String,
}

pub(super) async fn title(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<CaseId>,
    Fields(sent): Fields<TitleFields>,
) -> Result<Response, ProblemPage> {
    act::title_case(&app, visit.actor(), &id, &sent.title).await?;
    Ok(back(&id, "saved"))
}

/// The form that adds a comment.
#[derive(Deserialize)]
pub(super) struct CommentFields {
    text: String,
}

pub(super) async fn comment(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<CaseId>,
    Fields(sent): Fields<CommentFields>,
) -> Result<Response, ProblemPage> {
    act::comment_case(&app, visit.actor(), &id, &sent.text).await?;
    Ok(back(&id, "commented"))
}

/// The form that answers a disproof step.
#[derive(Deserialize)]
pub(super) struct CheckFields {
    version: u64,
    step: String,
    result: CheckResult,
    note: String,
}

pub(super) async fn check(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<CaseId>,
    Fields(sent): Fields<CheckFields>,
) -> Result<Response, ProblemPage> {
    let answer = Answer { step: sent.step, result: sent.result, note: sent.note };
    act::answer_step(&app, visit.actor(), &id, sent.version, answer).await?;
    Ok(back(&id, "checked"))
}

/// The forms that decide.
#[derive(Deserialize)]
pub(super) struct DecideFields {
    version: u64,
    decision: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn decide(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<CaseId>,
    Fields(sent): Fields<DecideFields>,
) -> Result<Response, ProblemPage> {
    let (actor, version, reason) = (visit.actor(), sent.version, sent.reason.as_str());
    match sent.decision.as_str() {
        "propose" => act::propose_confirmation(&app, actor, &id, version, reason).await?,
        "confirm" => act::confirm_case(&app, actor, &id, version, reason).await?,
        "decline" => act::decline_case(&app, actor, &id, version, reason).await?,
        word => {
            let decision = CaseDecision::ALL.into_iter().find(|decision| decision.as_str() == word);
            let decision = decision.ok_or_else(|| ActError::invalid("choose what is decided"))?;
            act::close_case(&app, actor, &id, version, decision, reason).await?;
        }
    }
    Ok(back(&id, "decided"))
}

/// Splits: each chosen finding is a field of its own.
pub(super) async fn split(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<CaseId>,
    Fields(sent): Fields<Vec<(String, String)>>,
) -> Result<Response, ProblemPage> {
    let field = |name: &str| sent.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let version = field("version").and_then(|text| text.parse().ok());
    let version: u64 = version.ok_or_else(|| ActError::invalid("the form names no version of the case"))?;
    let chosen = sent
        .iter()
        .filter(|(key, _)| key == "chosen")
        .map(|(_, value)| chosen(value))
        .collect::<Option<Vec<Chosen>>>()
        .ok_or_else(|| ActError::invalid("a chosen finding is none"))?;
    let title = field("title").unwrap_or_default();
    let new = act::split_case(&app, visit.actor(), &id, version, (title, &chosen)).await?;
    Ok(back(&new, "split"))
}

fn chosen(text: &str) -> Option<Chosen> {
    let (device, finding) = text.split_once('/')?;
    Some((device.parse::<DeviceId>().ok()?, finding.parse::<FindingId>().ok()?))
}

/// The form that merges.
#[derive(Deserialize)]
pub(super) struct MergeFields {
    version: u64,
    into: String,
}

pub(super) async fn merge(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<CaseId>,
    Fields(sent): Fields<MergeFields>,
) -> Result<Response, ProblemPage> {
    let into: CaseId = sent.into.parse().map_err(|_| ActError::invalid("that is no case's id"))?;
    act::merge_case(&app, visit.actor(), &id, sent.version, &into).await?;
    Ok(back(&into, "merged"))
}
