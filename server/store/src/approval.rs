//! Approvals (waivers) given on the console: scoped, owned, with a reason and an expiry.

use bearing_protocol::{
    Timestamp,
    id::{ApprovalId, DeviceId, FindingId},
    rule::RuleId,
};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRow {
    /// Its id.
    pub id: ApprovalId,
    /// One finding's cause, on whatever device the rest of the scope allows.
    pub finding: Option<FindingId>,
    /// A rule.
    pub rule: Option<RuleId>,
    /// A catalogue product.
    pub product: Option<String>,
    /// One device.
    pub device: Option<DeviceId>,
    /// One group.
    pub group: Option<String>,
    /// Hours of the week in which it covers, in the words of a policy's window (JSON); always where absent. The store
    /// keeps them and does not read them: see [`crate::Observed::suspended`].
    pub hours: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Who gave it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

/// Approvals.
#[async_trait::async_trait]
pub trait Approvals {
    /// Gives an approval and at once marks the open findings it covers (status `approved`, with history). One with
    /// hours covers from the next report on.
    /// Refused (`Conflict`) where it names neither finding, rule nor product: nothing approves everything.
    async fn add_approval(&self, approval: &ApprovalRow) -> Result<u64, StoreError>;
    /// Withdraws it; findings it covered reopen. False where there is none.
    async fn revoke_approval(&self, id: &ApprovalId, at: Timestamp, actor: &str) -> Result<bool, StoreError>;
    /// All, newest first.
    async fn approvals(&self) -> Result<Vec<ApprovalRow>, StoreError>;
    /// Reopens findings whose approval expired before `now`; how many.
    async fn expire_approvals(&self, now: Timestamp) -> Result<u64, StoreError>;
}
