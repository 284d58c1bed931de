//! `POST /api/v1/cases/{case}/assign`: says who works on it.

use bearing_protocol::id::CaseId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::change::{Actor, ApiError, App, Body, Ids, State, StatusCode, act};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"assignee": "ben"}))]
pub(in crate::api) struct Assignment {
    /// The name of an account that may work cases; empty: nobody.
    assignee: String,
}

#[utoipa::path(post, path = "/api/v1/cases/{case}/assign", tag = "cases", params(("case" = String, Path)), request_body = Assignment, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<Assignment>,
) -> Result<StatusCode, ApiError> {
    act::assign_case(&app, &actor, &id, &sent.assignee).await?;
    Ok(StatusCode::NO_CONTENT)
}
