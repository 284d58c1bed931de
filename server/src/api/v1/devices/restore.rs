//! `POST /api/v1/devices/{device}/restore`: takes its reports again.

use axum::{extract::State, http::StatusCode};
use bearing_protocol::id::DeviceId;

use crate::{
    act,
    api::{ApiError, extract::Ids},
    app::App,
    auth::Actor,
};

#[utoipa::path(post, path = "/api/v1/devices/{device}/restore", tag = "devices", params(("device" = String, Path)), responses((status = 204), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<DeviceId>,
) -> Result<StatusCode, ApiError> {
    act::restore_device(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
