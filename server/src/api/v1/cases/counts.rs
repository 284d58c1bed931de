//! `GET /api/v1/cases/counts`: how many cases there are; all that a viewer sees of them.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::ApiError, app::App};

/// How many cases there are.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"by_status": {"open": 3, "closed": 12}, "by_verdict": {"investigate": 2, "review": 1}}))]
pub(in crate::api) struct CaseCounts {
    /// By status.
    by_status: BTreeMap<String, u64>,
    /// Those that are not closed, by verdict.
    by_verdict: BTreeMap<String, u64>,
}

#[utoipa::path(get, path = "/api/v1/cases/counts", tag = "cases", responses((status = 200, body = CaseCounts)))]
pub(in crate::api) async fn handle(State(app): State<App>) -> Result<Json<CaseCounts>, ApiError> {
    let counts = app.store.case_counts().await?;
    Ok(Json(CaseCounts { by_status: counts.by_status, by_verdict: counts.by_verdict }))
}
