//! `GET /api/v1/trips`: latest announced first.
#![expect(unused_qualifications, reason = "the macro writes query parameters so")]

use axum::{Json, extract::State};
use bearing_protocol::id::DeviceId;
use bearing_store::{TripFilter, TripState, days_at};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Trip;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

/// Which trips.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct TripParams {
    /// Only of this device.
    #[param(value_type = Option<String>)]
    device: Option<DeviceId>,
    /// `announced approved declined withdrawn`.
    #[param(value_type = Option<String>)]
    state: Option<TripState>,
    /// Only those that are not over.
    open: bool,
}

#[utoipa::path(get, path = "/api/v1/trips", tag = "trips", params(TripParams, PageParams), responses((status = 200, body = List<Trip>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(wanted): Params<TripParams>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Trip>>, ApiError> {
    let filter = TripFilter {
        device: wanted.device,
        state: wanted.state,
        not_before: wanted.open.then(|| days_at(app.clock.now()).0),
    };
    Ok(Json(List::of(app.store.trips(&filter, &page.request()).await?, Trip::of)))
}
