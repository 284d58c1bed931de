//! `GET /api/v1/api-tokens`: tokens for programs.

use axum::{Json, extract::State};

use super::ApiToken;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

#[utoipa::path(get, path = "/api/v1/api-tokens", tag = "api-tokens", params(PageParams), responses((status = 200, body = List<ApiToken>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<ApiToken>>, ApiError> {
    let all: Vec<ApiToken> = app.store.api_tokens().await?.into_iter().map(ApiToken::of).collect();
    Ok(Json(page.cut(all, |row| row.id.clone())))
}
