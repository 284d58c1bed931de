//! `GET /api/v1/evaluations`: evaluations, newest first.

use axum::{Json, extract::State};

use super::Evaluation;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

/// Most evaluations that can be paged through.
const MAX_ROWS: u32 = 10_000;

#[utoipa::path(get, path = "/api/v1/evaluations", tag = "evaluations", params(PageParams), responses((status = 200, body = List<Evaluation>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Evaluation>>, ApiError> {
    let all = app.store.evaluations(MAX_ROWS).await?.into_iter().map(Evaluation::of).collect();
    Ok(Json(page.cut(all, |row: &Evaluation| row.id.clone())))
}
