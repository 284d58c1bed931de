//! `GET /api/v1/tokens`: enrolment tokens, newest first.

use axum::{Json, extract::State};

use super::EnrolmentToken;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(PageParams), responses((status = 200, body = List<EnrolmentToken>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<EnrolmentToken>>, ApiError> {
    let all: Vec<EnrolmentToken> = app.store.tokens().await?.into_iter().map(EnrolmentToken::of).collect();
    Ok(Json(page.cut(all, |row| row.id.clone())))
}
