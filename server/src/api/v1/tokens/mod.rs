//! Enrolment tokens.

pub(in crate::api) mod create;
pub(in crate::api) mod list;
pub(in crate::api) mod revoke;

use bearing_store::TokenRow;
use serde::Serialize;
use utoipa::ToSchema;

/// An enrolment token, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "tok_09090909090909090909090909090909", "group": "engineering", "max_uses": 50, "uses": 12, "needs_approval": true,
    "simulated": false, "created_by": "ana", "created_at": "2026-11-25T08:00:00Z", "expires_at": "2026-12-02T23:59:59Z",
    "revoked_at": null, "last_use": {"at": "2026-11-25T09:00:00Z", "device": "dev_1", "hostname": "nb-eng-014"}
}))]
pub(in crate::api) struct EnrolmentToken {
    id: String,
    group: String,
    max_uses: u32,
    uses: u32,
    needs_approval: bool,
    simulated: bool,
    created_by: String,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
    last_use: Option<Use>,
}

/// When a token was used last, by which device.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Use {
    at: String,
    device: String,
    hostname: String,
}

impl EnrolmentToken {
    fn of(row: TokenRow) -> Self {
        Self {
            id: row.token.id.to_string(),
            group: row.token.group,
            max_uses: row.token.max_uses,
            uses: row.uses,
            needs_approval: row.token.needs_approval,
            simulated: row.token.simulated,
            created_by: row.token.created_by,
            created_at: row.token.created_at.to_string(),
            expires_at: row.token.expires_at.to_string(),
            revoked_at: row.revoked_at.map(|at| at.to_string()),
            last_use: row.last_use.map(|(at, device, hostname)| Use {
                at: at.to_string(),
                device: device.to_string(),
                hostname,
            }),
        }
    }
}
