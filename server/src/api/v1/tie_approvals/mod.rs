//! Approvals of what ties devices together: it weighs nothing while they hold.

pub(in crate::api) mod give;
pub(in crate::api) mod list;
pub(in crate::api) mod withdraw;

use bearing_store::TieApproval;
use serde::Serialize;
use utoipa::ToSchema;

/// An approval of a tie.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "apr_01010101010101010101010101010101", "kind": "gateway", "value": "00000000aa000001", "between": null,
    "owner": "it-lead", "reason": "the branch in Kiel", "created_by": "ana", "created_at": "2026-11-25T08:00:00Z",
    "expires_at": "2027-02-28T23:59:59Z", "revoked_at": null
}))]
pub(in crate::api) struct Tie {
    id: String,
    /// `address gateway kvm usb_serial display_serial account installs roster`.
    kind: String,
    /// The keyed digest, as a group's edges show it.
    value: String,
    /// Only between these two devices; between all where absent.
    between: Option<[String; 2]>,
    owner: String,
    reason: String,
    created_by: String,
    created_at: String,
    expires_at: String,
    /// When it was withdrawn.
    revoked_at: Option<String>,
}

impl Tie {
    fn of(row: TieApproval) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str().to_owned(),
            value: row.value,
            between: row.between.map(|(a, b)| [a.to_string(), b.to_string()]),
            owner: row.owner,
            reason: row.reason,
            created_by: row.created_by,
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.to_string(),
            revoked_at: row.revoked_at.map(|at| at.to_string()),
        }
    }
}
