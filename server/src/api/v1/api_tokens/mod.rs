//! Tokens for programs.

pub(in crate::api) mod create;
pub(in crate::api) mod list;
pub(in crate::api) mod revoke;

use bearing_store::ApiTokenRow;
use serde::Serialize;
use utoipa::ToSchema;

/// An API token, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "tok_04040404040404040404040404040404", "name": "SIEM export", "role": "viewer", "scopes": ["read"], "created_by": "ana", "created_at": "2026-11-25T08:00:00Z", "expires_at": "2027-02-23T23:59:59Z", "revoked_at": null, "last_used": null}))]
pub(in crate::api) struct ApiToken {
    id: String,
    name: String,
    /// `viewer auditor analyst admin`.
    role: &'static str,
    /// `all read roster:write sign-ins:write trips:write scim`.
    scopes: Vec<&'static str>,
    created_by: String,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
    last_used: Option<String>,
}

impl ApiToken {
    fn of(row: ApiTokenRow) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            role: row.role.as_str(),
            scopes: row.scopes.iter().map(|scope| scope.as_str()).collect(),
            created_by: row.created_by,
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.to_string(),
            revoked_at: row.revoked_at.map(|at| at.to_string()),
            last_used: row.last_used.map(|at| at.to_string()),
        }
    }
}
