//! `POST /api/v1/cases/{case}/close`: closes it as not confirmed or benign.

use bearing_protocol::id::CaseId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::change::{Actor, ApiError, App, Body, Ids, State, StatusCode, act};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 4, "decision": "benign", "reason": "a lab bench, seen in a live call"}))]
pub(in crate::api) struct Closing {
    /// The version of the case as it was read.
    version: u64,
    /// `not_confirmed benign`; confirming takes two people.
    #[schema(value_type = String)]
    decision: bearing_store::CaseDecision,
    /// Why.
    reason: String,
}

#[utoipa::path(post, path = "/api/v1/cases/{case}/close", tag = "cases", params(("case" = String, Path)), request_body = Closing, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<Closing>,
) -> Result<StatusCode, ApiError> {
    act::close_case(&app, &actor, &id, sent.version, sent.decision, &sent.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
