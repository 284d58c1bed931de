//! `POST /api/v1/devices/{device}/findings/{finding}/status`: sets its status.

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
#[schema(example = json!({"version": 1, "status": "false_positive", "reason": "a lab bench"}))]
pub(in crate::api) struct Change {
    /// The version of the finding as it was read.
    version: u64,
    /// `open in_review false_positive`.
    #[schema(value_type = String)]
    status: bearing_store::FindingStatus,
    /// Why; required for a false positive.
    #[serde(default)]
    reason: String,
}

#[utoipa::path(post, path = "/api/v1/devices/{device}/findings/{finding}/status", tag = "findings", params(("device" = String, Path), ("finding" = String, Path)), request_body = Change, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids((device, finding)): Ids<(DeviceId, FindingId)>,
    Body(sent): Body<Change>,
) -> Result<StatusCode, ApiError> {
    let key = FindingKey { device, finding };
    act::set_finding_status(&app, &actor, &key, sent.version, sent.status, &sent.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
