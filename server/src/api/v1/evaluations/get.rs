//! `GET /api/v1/evaluations/{evaluation}`: one evaluation with its result.

use axum::{Json, extract::State};
use bearing_protocol::id::EvaluationId;

use super::Evaluation;
use crate::{
    api::{ApiError, extract::Ids},
    app::App,
};

#[utoipa::path(get, path = "/api/v1/evaluations/{evaluation}", tag = "evaluations", params(("evaluation" = String, Path)), responses((status = 200, body = Evaluation), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Ids(id): Ids<EvaluationId>,
) -> Result<Json<Evaluation>, ApiError> {
    let row = app.store.evaluation(&id).await?.ok_or_else(|| ApiError::not_found("evaluation"))?;
    Ok(Json(Evaluation::whole(&app, row)))
}
