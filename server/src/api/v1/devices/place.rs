//! `POST /api/v1/devices/{device}/place`: sets group and expected countries.

use axum::{extract::State, http::StatusCode};
use bearing_protocol::id::DeviceId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    act,
    api::{
        ApiError,
        extract::{Body, Ids},
    },
    app::App,
    auth::Actor,
};

/// Where a device belongs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"group": "engineering", "countries": ["DE"]}))]
pub(in crate::api) struct Place {
    group: String,
    /// Two-letter codes; empty: no expectation.
    countries: Vec<String>,
}

#[utoipa::path(post, path = "/api/v1/devices/{device}/place", tag = "devices", params(("device" = String, Path)), request_body = Place, responses((status = 204), (status = 404), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<DeviceId>,
    Body(place): Body<Place>,
) -> Result<StatusCode, ApiError> {
    act::set_device_place(&app, &actor, &id, &place.group, &place.countries).await?;
    Ok(StatusCode::NO_CONTENT)
}
