//! `GET /api/v1/devices`: devices by host name, with their verdicts.
#![expect(unused_qualifications, reason = "the macro writes query parameters so")]

use axum::{Json, extract::State};
use bearing_store::{DeviceFilter, DeviceState};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Device;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

/// Which devices.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Filter {
    /// Only this state: `pending active revoked`.
    #[param(value_type = Option<String>)]
    state: Option<DeviceState>,
    /// Only this group.
    group: Option<String>,
    /// Host name or id contains this.
    search: Option<String>,
    /// How many, 1 to 500; 50 where absent.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/devices", tag = "devices", params(Filter), responses((status = 200, body = List<Device>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(filter): Params<Filter>,
) -> Result<Json<List<Device>>, ApiError> {
    let page = PageParams { limit: filter.limit, after: filter.after };
    let wanted =
        DeviceFilter { state: filter.state, group: filter.group, search: filter.search, silent_since: None };
    let found = app.store.devices(&wanted, &page.request()).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for row in found.items {
        let verdict = app.store.verdict(&row.id).await?;
        items.push(Device::of(row, verdict));
    }
    Ok(Json(List { items, next: found.next, total: found.total }))
}
