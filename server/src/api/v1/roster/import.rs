//! `POST /api/v1/roster`: people from CSV.
//!
//! Always: nothing is taken where a row is bad, unless good rows are asked for; a dry run changes nothing and says the same.

#![expect(unused_qualifications, reason = "the macro writes query parameters so")]

use axum::{
    Json,
    body::to_bytes,
    extract::{Query, Request, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{act, api::ApiError, app::App, auth::Actor, roster};

/// Most bad rows that are named in an answer.
const MAX_NAMED: usize = 10;
/// Most changes that an answer lists.
const MAX_LISTED: usize = 1_000;

/// How to import.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct How {
    /// Says what would change, and changes nothing.
    dry_run: bool,
    /// Takes the good rows where some are bad.
    keep_good: bool,
    /// Removes people who are not in the file.
    remove_missing: bool,
}

/// What changed, or would.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"added": 1, "changed": 0, "removed": 0, "unchanged": 0, "bad": 0, "changes": ["+ E1001 (Ada Example)"]}))]
pub(in crate::api) struct RosterImported {
    /// People who are new.
    added: usize,
    /// People of whom something changed.
    changed: usize,
    /// People who are gone.
    removed: usize,
    /// People who stayed as they were.
    unchanged: usize,
    /// Rows that cannot be used.
    bad: usize,
    /// A line for each change, at most 1,000.
    changes: Vec<String>,
}

#[utoipa::path(post, path = "/api/v1/roster", tag = "roster", params(How), request_body(content = String, content_type = "text/csv"), responses((status = 200, body = RosterImported), (status = 400), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Query(how): Query<How>,
    actor: Actor,
    request: Request,
) -> Result<Json<RosterImported>, ApiError> {
    let bytes = to_bytes(request.into_body(), roster::MAX_FILE_BYTES).await.map_err(|_| {
        ApiError::malformed(format!("at most {} bytes are read: import in parts", roster::MAX_FILE_BYTES))
    })?;
    let read = roster::read(&app, &bytes).map_err(|error| ApiError::malformed(error.to_string()))?;
    if read.bad_count > 0 && (!how.keep_good || how.remove_missing) {
        let named: Vec<String> = read
            .bad
            .iter()
            .take(MAX_NAMED)
            .map(|row| format!("line {}, `{}`: {}", row.line, row.column, row.problem))
            .collect();
        return Err(ApiError::malformed(format!(
            "{} rows are bad and nothing was taken (`keep_good` takes the others, but removes nobody): {}",
            read.bad_count,
            named.join("; ")
        )));
    }
    let plan = roster::plan(&app, &read.people, how.remove_missing).await?;
    if !how.dry_run {
        act::import_roster(&app, &actor, &plan).await?;
    }
    Ok(Json(RosterImported {
        added: plan.added.len(),
        changed: plan.changed.len(),
        removed: plan.removed.len(),
        unchanged: plan.unchanged,
        bad: read.bad_count,
        changes: plan.lines().into_iter().take(MAX_LISTED).collect(),
    }))
}
