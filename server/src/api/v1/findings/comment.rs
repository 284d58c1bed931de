//! `POST /api/v1/devices/{device}/findings/{finding}/comment`: adds a comment.

use bearing_protocol::id::{DeviceId, FindingId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    act::FindingKey,
    api::change::{Actor, ApiError, App, Body, Ids, State, StatusCode, act},
};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "asked for a photo of the desk"}))]
pub(in crate::api) struct Comment {
    text: String,
}

#[utoipa::path(post, path = "/api/v1/devices/{device}/findings/{finding}/comment", tag = "findings", params(("device" = String, Path), ("finding" = String, Path)), request_body = Comment, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids((device, finding)): Ids<(DeviceId, FindingId)>,
    Body(sent): Body<Comment>,
) -> Result<StatusCode, ApiError> {
    let key = FindingKey { device, finding };
    act::comment_finding(&app, &actor, &key, &sent.text).await?;
    Ok(StatusCode::NO_CONTENT)
}
