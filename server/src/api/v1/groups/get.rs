//! `GET /api/v1/groups/{group}`: one group, ended ones too.

use axum::{Json, extract::State};

use super::Group;
use crate::{
    api::{ApiError, extract::Ids},
    app::App,
};

#[utoipa::path(get, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = String, Path)), responses((status = 200, body = Group), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Ids(id): Ids<String>,
) -> Result<Json<Group>, ApiError> {
    let row = app.store.device_group(&id).await?.ok_or_else(|| ApiError::not_found("group"))?;
    Ok(Json(Group::of(row)))
}
