//! `POST /api/v1/cases/{case}/check`: answers a disproof step.

use bearing_protocol::id::CaseId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    act::Answer,
    api::change::{Actor, ApiError, App, Body, Ids, State, StatusCode, act},
};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 4, "step": "5c3f0a", "result": "stands", "note": "seen in a live call"}))]
pub(in crate::api) struct StepAnswer {
    /// The version of the case as it was read.
    version: u64,
    /// Which step.
    step: String,
    /// `stands disproved not_possible`.
    #[schema(value_type = String)]
    result: bearing_store::CheckResult,
    /// In words.
    note: String,
}

#[utoipa::path(post, path = "/api/v1/cases/{case}/check", tag = "cases", params(("case" = String, Path)), request_body = StepAnswer, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<StepAnswer>,
) -> Result<StatusCode, ApiError> {
    let answer = Answer { step: sent.step, result: sent.result, note: sent.note };
    act::answer_step(&app, &actor, &id, sent.version, answer).await?;
    Ok(StatusCode::NO_CONTENT)
}
