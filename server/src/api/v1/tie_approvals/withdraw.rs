//! `POST /api/v1/tie-approvals/{approval}/withdraw`: withdraws it; what it covered weighs again.

use axum::{extract::State, http::StatusCode};
use bearing_protocol::id::ApprovalId;

use crate::{
    act,
    api::{ApiError, extract::Ids},
    app::App,
    auth::Actor,
};

#[utoipa::path(post, path = "/api/v1/tie-approvals/{approval}/withdraw", tag = "groups", params(("approval" = String, Path)), responses((status = 204), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<ApprovalId>,
) -> Result<StatusCode, ApiError> {
    act::withdraw_tie(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
