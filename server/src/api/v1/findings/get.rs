//! `GET /api/v1/devices/{device}/findings/{finding}`: one finding with its history.

use axum::{Json, extract::State};
use bearing_protocol::id::{DeviceId, FindingId};

use super::Finding;
use crate::{
    api::{ApiError, extract::Ids},
    app::App,
};

#[utoipa::path(get, path = "/api/v1/devices/{device}/findings/{finding}", tag = "findings", params(("device" = String, Path), ("finding" = String, Path)), responses((status = 200, body = Finding), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Ids((device, id)): Ids<(DeviceId, FindingId)>,
) -> Result<Json<Finding>, ApiError> {
    let row = app.store.finding(&device, &id).await?.ok_or_else(|| ApiError::not_found("finding"))?;
    let history = app.store.finding_history(&device, &id).await?;
    Ok(Json(Finding::of(row).with_history(history)))
}
