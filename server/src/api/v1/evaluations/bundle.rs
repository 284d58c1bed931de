//! `GET /api/v1/evaluations/{evaluation}/bundle`: the signed file that verifies offline.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use bearing_protocol::id::EvaluationId;

use crate::{
    act,
    api::{ApiError, extract::Ids},
    app::App,
    auth::Actor,
};

#[utoipa::path(get, path = "/api/v1/evaluations/{evaluation}/bundle", tag = "evaluations", params(("evaluation" = String, Path)), responses((status = 200, body = Object, description = "for `bearing-server evidence verify`"), (status = 404), (status = 409, description = "it still runs")))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<EvaluationId>,
) -> Result<Response, ApiError> {
    let bytes = act::export_bundle(&app, &actor, &id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}
