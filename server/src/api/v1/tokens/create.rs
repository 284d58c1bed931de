//! `POST /api/v1/tokens`: creates an enrolment token. Its secret is in this answer and nowhere else.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use bearing_protocol::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    act::{self, EnrolmentTokenRequest},
    api::{ApiError, extract::Body},
    app::App,
    auth::Actor,
};

/// What token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"group": "engineering", "max_uses": 50, "expires_at": "2026-12-02T23:59:59Z", "needs_approval": true}))]
pub(in crate::api) struct NewEnrolmentToken {
    group: String,
    max_uses: u32,
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// Whether an administrator must let each device in.
    #[serde(default)]
    needs_approval: bool,
    /// Whether devices that enrol with it are simulations; refused unless the server runs as a demo.
    #[serde(default)]
    simulated: bool,
}

/// A token just created.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "tok_09090909090909090909090909090909", "token": "tok_….<secret>.<digest>"}))]
pub(in crate::api) struct CreatedEnrolmentToken {
    id: String,
    /// `id.secret.digest`, for the file that `bearing-agent enroll --token-file` reads.
    token: String,
}

#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewEnrolmentToken, responses((status = 201, body = CreatedEnrolmentToken), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Body(wanted): Body<NewEnrolmentToken>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<CreatedEnrolmentToken>), ApiError> {
    let request = EnrolmentTokenRequest {
        group: wanted.group,
        max_uses: wanted.max_uses,
        expires_at: wanted.expires_at,
        needs_approval: wanted.needs_approval,
        simulated: wanted.simulated,
    };
    let token = act::create_enrolment_token(&app, &actor, request).await?;
    let created = CreatedEnrolmentToken { id: token.id.to_string(), token: token.reveal().to_string() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(created)))
}
