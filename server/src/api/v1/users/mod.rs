//! Accounts of people.

pub(in crate::api) mod create;
pub(in crate::api) mod list;

use bearing_store::UserRow;
use serde::Serialize;
use utoipa::ToSchema;

/// An account, without its password's hash.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "usr_03030303030303030303030303030303", "name": "ana", "role": "admin", "created_at": "2026-11-01T08:00:00Z", "last_sign_in": null, "disabled": false}))]
pub(in crate::api) struct User {
    id: String,
    name: String,
    /// `viewer auditor analyst admin`.
    role: &'static str,
    created_at: String,
    last_sign_in: Option<String>,
    disabled: bool,
}

impl User {
    fn of(row: UserRow) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            role: row.role.as_str(),
            created_at: row.created_at.to_string(),
            last_sign_in: row.last_sign_in.map(|at| at.to_string()),
            disabled: row.disabled,
        }
    }
}
