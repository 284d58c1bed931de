//! `GET /api/v1/tie-approvals`: all, newest first.

use axum::{Json, extract::State};

use super::Tie;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

/// Most approvals that are listed.
const MAX_LISTED: u32 = 2_000;

#[utoipa::path(get, path = "/api/v1/tie-approvals", tag = "groups", params(PageParams), responses((status = 200, body = List<Tie>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Tie>>, ApiError> {
    let all: Vec<Tie> = app.store.tie_approvals(MAX_LISTED).await?.into_iter().map(Tie::of).collect();
    Ok(Json(page.cut(all, |row| row.id.clone())))
}
