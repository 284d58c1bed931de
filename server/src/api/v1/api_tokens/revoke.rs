//! `POST /api/v1/api-tokens/{token}/revoke`: withdraws it.

use axum::{extract::State, http::StatusCode};
use bearing_protocol::id::TokenId;

use crate::{
    act,
    api::{ApiError, extract::Ids},
    app::App,
    auth::Actor,
};

#[utoipa::path(post, path = "/api/v1/api-tokens/{token}/revoke", tag = "api-tokens", params(("token" = String, Path)), responses((status = 204), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<TokenId>,
) -> Result<StatusCode, ApiError> {
    act::revoke_api_token(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
