//! `POST /api/v1/tie-approvals`: approves a tie.

use axum::{Json, extract::State, http::StatusCode};
use bearing_protocol::{Timestamp, id::DeviceId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Tie;
use crate::{
    act::{self, TieRequest},
    api::{ApiError, extract::Body},
    app::App,
    auth::Actor,
};

/// What is to be approved. An address or a gateway stands for the whole place behind it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "gateway", "value": "00000000aa000001", "owner": "it-lead", "reason": "the branch in Kiel", "expires_at": "2027-02-28T23:59:59Z"}))]
pub(in crate::api) struct NewTie {
    kind: String,
    value: String,
    /// Only between these two devices.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    between: Option<(DeviceId, DeviceId)>,
    owner: String,
    reason: String,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

#[utoipa::path(post, path = "/api/v1/tie-approvals", tag = "groups", request_body = NewTie, responses((status = 201, body = Tie), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Body(new): Body<NewTie>,
) -> Result<(StatusCode, Json<Tie>), ApiError> {
    let request = TieRequest {
        kind: new.kind,
        value: new.value,
        between: new.between,
        owner: new.owner,
        reason: new.reason,
        expires_at: new.expires_at,
    };
    Ok((StatusCode::CREATED, Json(Tie::of(act::approve_tie(&app, &actor, request).await?))))
}
