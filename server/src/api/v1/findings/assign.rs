//! `POST /api/v1/devices/{device}/findings/{finding}/assign`: says who works on it.

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
#[schema(example = json!({"assignee": "ben"}))]
pub(in crate::api) struct Assignment {
    /// The name of an account; empty: nobody.
    assignee: String,
}

#[utoipa::path(post, path = "/api/v1/devices/{device}/findings/{finding}/assign", tag = "findings", params(("device" = String, Path), ("finding" = String, Path)), request_body = Assignment, responses((status = 204), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids((device, finding)): Ids<(DeviceId, FindingId)>,
    Body(sent): Body<Assignment>,
) -> Result<StatusCode, ApiError> {
    let key = FindingKey { device, finding };
    act::assign_finding(&app, &actor, &key, &sent.assignee).await?;
    Ok(StatusCode::NO_CONTENT)
}
