//! `GET /api/v1/policies`: published policies, as signed.

use axum::{Json, extract::State};
use bearing_protocol::envelope::Envelope;
use bearing_store::PolicyRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

/// A published policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Policy {
    name: String,
    version: u64,
    /// Digest of its canonical JSON.
    digest: String,
    /// Empty: all groups.
    groups: Vec<String>,
    published_by: String,
    published_at: String,
    /// The DSSE envelope as agents get it.
    #[schema(value_type = Object)]
    envelope: Envelope,
}

impl Policy {
    fn of(row: PolicyRow) -> Self {
        Self {
            name: row.name,
            version: row.version,
            digest: row.digest.to_string(),
            groups: row.groups,
            published_by: row.published_by,
            published_at: row.published_at.to_string(),
            envelope: row.envelope,
        }
    }
}

#[utoipa::path(get, path = "/api/v1/policies", tag = "policies", params(PageParams), responses((status = 200, body = List<Policy>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Policy>>, ApiError> {
    let all: Vec<_> = app.store.policies().await?.into_iter().map(Policy::of).collect();
    Ok(Json(page.cut(all, |row| row.version.to_string())))
}
