//! `POST /api/v1/evaluations/{evaluation}/freeze`: ends it now.

use axum::{Json, extract::State};
use bearing_protocol::id::EvaluationId;

use super::Evaluation;
use crate::{
    act,
    api::{ApiError, extract::Ids},
    app::App,
    auth::Actor,
};

#[utoipa::path(post, path = "/api/v1/evaluations/{evaluation}/freeze", tag = "evaluations", params(("evaluation" = String, Path)), responses((status = 200, body = Evaluation), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<EvaluationId>,
) -> Result<Json<Evaluation>, ApiError> {
    let row = act::freeze_evaluation(&app, &actor, &id).await?;
    Ok(Json(Evaluation::whole(&app, row)))
}
