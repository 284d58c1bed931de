//! `POST /api/v1/trips/{trip}/decide`: approves, declines or withdraws it, with a reason.

use axum::Json;
use bearing_store::TripState;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Trip;
use crate::api::change::*;

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "approved", "reason": "the fair in Lisbon"}))]
pub(in crate::api) struct Decision {
    /// `approved declined withdrawn`.
    #[schema(value_type = String)]
    state: TripState,
    reason: String,
}

#[utoipa::path(post, path = "/api/v1/trips/{trip}/decide", tag = "trips", params(("trip" = String, Path)), request_body = Decision, responses((status = 200, body = Trip), (status = 404), (status = 409), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<String>,
    Body(decision): Body<Decision>,
) -> Result<Json<Trip>, ApiError> {
    let row = act::decide_trip(&app, &actor, &id, decision.state, &decision.reason).await?;
    Ok(Json(Trip::of(row)))
}
