//! `GET /api/v1/audit-log`: entries, newest first.

use axum::{Json, extract::State};
use bearing_store::AuditEntry;
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

/// An entry of the audit log.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"number": 42, "at": "2026-11-25T08:00:00Z", "actor": "ana", "action": "token.create", "object": "tok_1", "detail": {"group": "engineering"}, "chain": "sha256:00"}))]
pub(in crate::api) struct Entry {
    number: u64,
    at: String,
    /// A person's name, `api:NAME`, `cli` or `server`.
    actor: String,
    action: String,
    object: String,
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// SHA-256 over the chain digest before it and this entry.
    chain: Option<String>,
}

impl Entry {
    fn of(entry: AuditEntry) -> Self {
        Self {
            number: entry.number,
            at: entry.at.to_string(),
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            detail: entry.detail,
            chain: entry.chain.map(|digest| digest.to_string()),
        }
    }
}

#[utoipa::path(get, path = "/api/v1/audit-log", tag = "audit-log", params(PageParams), responses((status = 200, body = List<Entry>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(page): Params<PageParams>,
) -> Result<Json<List<Entry>>, ApiError> {
    let before = match &page.after {
        Some(text) => Some(text.parse().map_err(|_| ApiError::malformed("`after` is an entry's number"))?),
        None => None,
    };
    let entries = app.store.audit_entries(before, page.limit()).await?;
    let full = entries.len() >= page.limit() as usize;
    let next = entries.last().map(|entry| entry.number).filter(|number| full && *number > 1);
    let items = entries.into_iter().map(Entry::of).collect();
    Ok(Json(List { items, next: next.map(|number| number.to_string()), total: None }))
}
