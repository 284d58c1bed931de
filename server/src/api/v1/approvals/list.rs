//! `GET /api/v1/approvals`: all approvals, newest first.

use axum::{Json, extract::State};

use super::Approval;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

#[utoipa::path(get, path = "/api/v1/approvals", tag = "approvals", params(PageParams), responses((status = 200, body = List<Approval>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Approval>>, ApiError> {
    let all: Vec<Approval> = app.store.approvals().await?.into_iter().map(Approval::of).collect();
    Ok(Json(page.cut(all, |row| row.id.clone())))
}
