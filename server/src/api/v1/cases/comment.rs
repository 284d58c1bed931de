//! `POST /api/v1/cases/{case}/comment`: adds a comment. A closed case takes comments too, and stays closed.

use bearing_protocol::id::CaseId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::change::{Actor, ApiError, App, Body, Ids, State, StatusCode, act};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "asked for a photo of the desk"}))]
pub(in crate::api) struct Remark {
    text: String,
}

#[utoipa::path(post, path = "/api/v1/cases/{case}/comment", tag = "cases", params(("case" = String, Path)), request_body = Remark, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<Remark>,
) -> Result<StatusCode, ApiError> {
    act::comment_case(&app, &actor, &id, &sent.text).await?;
    Ok(StatusCode::NO_CONTENT)
}
