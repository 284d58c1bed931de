//! `POST /api/v1/users`: creates an account.

use axum::{Json, extract::State, http::StatusCode};
use bearing_store::Role;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::User;
use crate::{
    act::{self, UserRequest},
    api::{ApiError, extract::Body},
    app::App,
    auth::Actor,
};

/// What account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "ben", "role": "analyst", "password": "at least twelve characters"}))]
pub(in crate::api) struct NewUser {
    name: String,
    /// `viewer auditor analyst admin`.
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = String)]
    password: SecretString,
}

#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewUser, responses((status = 201, body = User), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Body(wanted): Body<NewUser>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    let request = UserRequest { name: wanted.name, role: wanted.role, password: wanted.password };
    let row = act::create_user(&app, &actor, request).await?;
    Ok((StatusCode::CREATED, Json(User::of(row))))
}
