//! `POST /api/v1/evaluations`: challenges every device in scope.

use axum::{Json, extract::State, http::StatusCode};
use bearing_protocol::{Timestamp, id::DeviceId, rule::RuleId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Evaluation;
use crate::{
    act::{self, EvaluationRequest},
    api::{ApiError, extract::Body},
    app::App,
    auth::Actor,
};

/// What is to be evaluated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Quarterly review", "groups": ["engineering"], "deadline": "2026-11-26T08:00:00Z"}))]
pub(in crate::api) struct Wanted {
    name: String,
    /// Empty with empty `devices`: all devices.
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    devices: Vec<DeviceId>,
    /// Empty: all rules.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    rules: Vec<RuleId>,
    /// Until when answers are awaited.
    #[schema(value_type = String)]
    deadline: Timestamp,
}

#[utoipa::path(post, path = "/api/v1/evaluations", tag = "evaluations", request_body = Wanted, responses((status = 201, body = Evaluation), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Evaluation>), ApiError> {
    let request = EvaluationRequest {
        name: wanted.name,
        groups: wanted.groups,
        devices: wanted.devices,
        rules: wanted.rules,
        deadline: wanted.deadline,
    };
    let row = act::create_evaluation(&app, &actor, request).await?;
    Ok((StatusCode::CREATED, Json(Evaluation::of(row))))
}
