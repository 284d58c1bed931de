//! `POST /api/v1/cases/{case}/merge`: moves everything in it into another open case; it is kept as moved.

use bearing_protocol::id::CaseId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::change::{Actor, ApiError, App, Body, Ids, State, StatusCode, act};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 4, "into": "cas_0f3a5f6a1c2b4d5e8f90a1b2c3d4e5f6"}))]
pub(in crate::api) struct Merging {
    /// The version of the case as it was read.
    version: u64,
    /// The case that it goes on in.
    #[schema(value_type = String)]
    into: CaseId,
}

#[utoipa::path(post, path = "/api/v1/cases/{case}/merge", tag = "cases", params(("case" = String, Path)), request_body = Merging, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<Merging>,
) -> Result<StatusCode, ApiError> {
    act::merge_case(&app, &actor, &id, sent.version, &sent.into).await?;
    Ok(StatusCode::NO_CONTENT)
}
