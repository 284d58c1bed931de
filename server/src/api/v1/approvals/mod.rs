//! Approvals: scoped, owned, with a reason and an expiry.

pub(in crate::api) mod give;
pub(in crate::api) mod list;
pub(in crate::api) mod withdraw;

use bearing_policies::policy::Window;
use bearing_store::ApprovalRow;
use serde::Serialize;
use utoipa::ToSchema;

/// An approval.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "apr_01010101010101010101010101010101", "product": "anydesk", "group": "support", "finding": null, "rule": null,
    "device": null, "hours": {"weekdays": ["monday"], "from": "08:00", "to": "18:00", "zone": "Europe/Berlin"}, "owner": "it-lead", "reason": "help desk", "created_by": "ana", "created_at": "2026-11-25T08:00:00Z",
    "expires_at": "2027-02-28T23:59:59Z", "revoked_at": null
}))]
pub(in crate::api) struct Approval {
    id: String,
    finding: Option<String>,
    rule: Option<String>,
    product: Option<String>,
    device: Option<String>,
    group: Option<String>,
    /// Hours of the week in which it covers.
    #[schema(value_type = Option<Object>)]
    hours: Option<Window>,
    owner: String,
    reason: String,
    created_by: String,
    created_at: String,
    expires_at: String,
    /// When it was withdrawn.
    revoked_at: Option<String>,
}

impl Approval {
    fn of(row: ApprovalRow) -> Self {
        Self {
            hours: crate::act::approval_hours(&row),
            id: row.id.to_string(),
            finding: row.finding.map(|id| id.to_string()),
            rule: row.rule.map(|id| id.to_string()),
            product: row.product,
            device: row.device.map(|id| id.to_string()),
            group: row.group,
            owner: row.owner,
            reason: row.reason,
            created_by: row.created_by,
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.to_string(),
            revoked_at: row.revoked_at.map(|at| at.to_string()),
        }
    }
}
