//! `POST /api/v1/cases`: opens one, or answers the open one that follows its subject already.

use axum::{Json, extract::State, http::StatusCode};
use bearing_protocol::id::DeviceId;
use bearing_store::CaseSubject;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Case, Choice, Subject};
use crate::{
    act::{self, CaseRequest},
    api::{ApiError, extract::Body},
    app::App,
    auth::Actor,
};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"subject": {"kind": "device", "id": "dev_506ef1879d748ce0713b0dd01da32ad2"}, "title": ""}))]
pub(in crate::api) struct NewCase {
    subject: Subject,
    /// Made from the subject where absent.
    #[serde(default)]
    title: String,
    /// The devices of a person or group that it covers; a device's case covers that one.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    devices: Vec<DeviceId>,
    /// Findings that come in whatever their status, beside the open ones.
    #[serde(default)]
    findings: Vec<Choice>,
}

#[utoipa::path(post, path = "/api/v1/cases", tag = "cases", request_body = NewCase, responses((status = 201, body = Case), (status = 404), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Body(sent): Body<NewCase>,
) -> Result<(StatusCode, Json<Case>), ApiError> {
    let request = CaseRequest {
        subject: CaseSubject { kind: sent.subject.kind, id: sent.subject.id },
        title: sent.title,
        devices: sent.devices,
        findings: sent.findings.into_iter().map(|choice| (choice.device, choice.finding)).collect(),
    };
    let id = act::open_case(&app, &actor, request).await?;
    let row = app.store.case(&id).await?.ok_or_else(|| ApiError::not_found("case"))?;
    Ok((StatusCode::CREATED, Json(Case::of(row))))
}
