//! `POST /api/v1/cases/{case}/split`: moves chosen findings into a new case; both remember.

use axum::{Json, extract::State, http::StatusCode};
use bearing_protocol::id::CaseId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Case, Choice};
use crate::{
    act,
    api::{
        ApiError,
        extract::{Body, Ids},
    },
    app::App,
    auth::Actor,
};

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 4, "title": "the tunnel alone", "findings": [{"device": "dev_506ef1879d748ce0713b0dd01da32ad2", "finding": "fnd_aeaf31a4a28c0dbc55e7a8c1afaeb8e3"}]}))]
pub(in crate::api) struct Splitting {
    /// The version of the case as it was read.
    version: u64,
    /// The new case's title.
    title: String,
    /// Which findings: some, not all.
    findings: Vec<Choice>,
}

#[utoipa::path(post, path = "/api/v1/cases/{case}/split", tag = "cases", params(("case" = String, Path)), request_body = Splitting, responses((status = 201, body = Case), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
    Body(sent): Body<Splitting>,
) -> Result<(StatusCode, Json<Case>), ApiError> {
    let chosen: Vec<_> = sent.findings.into_iter().map(|choice| (choice.device, choice.finding)).collect();
    let new = act::split_case(&app, &actor, &id, sent.version, (&sent.title, &chosen)).await?;
    let row = app.store.case(&new).await?.ok_or_else(|| ApiError::not_found("case"))?;
    Ok((StatusCode::CREATED, Json(Case::of(row))))
}
