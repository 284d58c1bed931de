//! `POST /api/v1/api-tokens`: creates a token for a program. Its secret is in this answer and nowhere else.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use bearing_protocol::Timestamp;
use bearing_store::{Role, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    act::{self, ApiTokenRequest},
    api::{ApiError, extract::Body},
    app::App,
    auth::Actor,
};

/// What token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "SIEM export", "role": "viewer", "scopes": ["read"], "expires_at": "2027-02-23T23:59:59Z"}))]
pub(in crate::api) struct WantedApiToken {
    name: String,
    /// `viewer auditor analyst admin`; no more than the caller's own.
    #[schema(value_type = String)]
    role: Role,
    /// `all read roster:write sign-ins:write trips:write scim`; `all` where absent.
    #[serde(default = "everything")]
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

fn everything() -> Vec<Scope> {
    vec![Scope::All]
}

/// A token just created.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "tok_04040404040404040404040404040404", "token": "tok_….<secret>"}))]
pub(in crate::api) struct CreatedApiToken {
    id: String,
    /// What to send after `Authorization: Bearer`.
    token: String,
}

#[utoipa::path(post, path = "/api/v1/api-tokens", tag = "api-tokens", request_body = WantedApiToken, responses((status = 201, body = CreatedApiToken), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Body(wanted): Body<WantedApiToken>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<CreatedApiToken>), ApiError> {
    let request = ApiTokenRequest {
        name: wanted.name,
        role: wanted.role,
        scopes: wanted.scopes,
        expires_at: wanted.expires_at,
    };
    let token = act::create_api_token(&app, &actor, request).await?;
    let created = CreatedApiToken { id: token.row.id.to_string(), token: token.reveal.to_string() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(created)))
}
