//! `GET /api/v1/groups`: groups that stand, gravest first.

use axum::{Json, extract::State};

use super::Group;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

/// Most groups that are listed.
const MAX_GROUPS: u32 = 2_000;

#[utoipa::path(get, path = "/api/v1/groups", tag = "groups", params(PageParams), responses((status = 200, body = List<Group>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Group>>, ApiError> {
    let all: Vec<Group> =
        app.store.groups_of_devices(false, MAX_GROUPS).await?.into_iter().map(Group::of).collect();
    Ok(Json(page.cut(all, |row| row.id.clone())))
}
