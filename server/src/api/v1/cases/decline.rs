//! `POST /api/v1/cases/{case}/decline`: somebody does not agree to confirm it; it is worked on.

use axum::{extract::State, http::StatusCode};
use bearing_protocol::id::CaseId;

use super::Reasoned;
use crate::{
    act,
    api::{
        ApiError,
        extract::{Body, Ids},
    },
    app::App,
    auth::Actor,
};

#[utoipa::path(post, path = "/api/v1/cases/{case}/decline", tag = "cases", params(("case" = String, Path)), request_body = Reasoned, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<Reasoned>,
) -> Result<StatusCode, ApiError> {
    act::decline_case(&app, &actor, &id, sent.version, &sent.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
