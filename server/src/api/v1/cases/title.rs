//! `POST /api/v1/cases/{case}/title`: gives it another title.

use bearing_protocol::id::CaseId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::change::{Actor, ApiError, App, Body, Ids, State, StatusCode, act};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "PiKVM on the engineering floor"}))]
pub(in crate::api) struct Title {
    title: String,
}

#[utoipa::path(post, path = "/api/v1/cases/{case}/title", tag = "cases", params(("case" = String, Path)), request_body = Title, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<Title>,
) -> Result<StatusCode, ApiError> {
    act::title_case(&app, &actor, &id, &sent.title).await?;
    Ok(StatusCode::NO_CONTENT)
}
