//! `POST /api/v1/cases/{case}/confirm`: the second person agrees. A token is nobody: people sign in to the console for it.

use bearing_protocol::id::CaseId;

use super::Reasoned;
use crate::api::change::{Actor, ApiError, App, Body, Ids, State, StatusCode, act};

#[utoipa::path(post, path = "/api/v1/cases/{case}/confirm", tag = "cases", params(("case" = String, Path)), request_body = Reasoned, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<Reasoned>,
) -> Result<StatusCode, ApiError> {
    act::confirm_case(&app, &actor, &id, sent.version, &sent.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
