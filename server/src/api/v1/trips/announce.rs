//! `POST /api/v1/trips`: announces a trip for a device.

use axum::Json;
use bearing_protocol::id::DeviceId;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Trip;
use crate::{act::TripRequest, api::change::*};

/// What is announced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"device": "dev_01010101010101010101010101010101", "countries": ["PT"], "from": "2026-12-01", "until": "2026-12-14"}))]
pub(in crate::api) struct NewTrip {
    #[schema(value_type = String)]
    device: DeviceId,
    /// ISO 3166-1 alpha-2, 1 to 12.
    countries: Vec<String>,
    /// First day.
    #[schema(value_type = String)]
    from: Date,
    /// Last day.
    #[schema(value_type = String)]
    until: Date,
}

#[utoipa::path(post, path = "/api/v1/trips", tag = "trips", request_body = NewTrip, responses((status = 201, body = Trip), (status = 404), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Body(new): Body<NewTrip>,
) -> Result<(StatusCode, Json<Trip>), ApiError> {
    let request =
        TripRequest { device: new.device, countries: new.countries, from: new.from, until: new.until };
    Ok((StatusCode::CREATED, Json(Trip::of(act::announce_trip(&app, &actor, request).await?))))
}
