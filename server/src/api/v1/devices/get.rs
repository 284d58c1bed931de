//! `GET /api/v1/devices/{device}`: one device.

use axum::{Json, extract::State};
use bearing_protocol::id::DeviceId;

use super::Device;
use crate::{
    api::{ApiError, extract::Ids},
    app::App,
};

#[utoipa::path(get, path = "/api/v1/devices/{device}", tag = "devices", params(("device" = String, Path)), responses((status = 200, body = Device), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Ids(id): Ids<DeviceId>,
) -> Result<Json<Device>, ApiError> {
    let row = app.store.device(&id).await?.ok_or_else(|| ApiError::not_found("device"))?;
    let verdict = app.store.verdict(&id).await?;
    Ok(Json(Device::of(row, verdict)))
}
