//! `GET /api/v1/users`: accounts, by name.

use axum::{Json, extract::State};

use super::User;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(PageParams), responses((status = 200, body = List<User>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<User>>, ApiError> {
    let all: Vec<User> = app.store.users().await?.into_iter().map(User::of).collect();
    Ok(Json(page.cut(all, |row| row.id.clone())))
}
