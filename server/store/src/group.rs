//! Groups of devices that hang together, and approvals of what ties them.
//!
//! Always: a group keeps its id while most of its members stay; one that falls apart ends and is kept; a device is in
//! at most one standing group; an approval of a tie has an owner, a reason and an expiry.

use bearing_protocol::{
    Timestamp,
    id::{ApprovalId, DeviceId},
};
use serde::{Deserialize, Serialize};

use crate::{LinkKind, StoreError};

/// A group as it is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    /// Its id (`grp_…`); empty where it is to be found or made.
    pub id: String,
    /// `review investigate escalate`.
    pub verdict: String,
    /// Different workers.
    pub workers: u32,
    /// What it weighs.
    pub weight: f64,
    /// Its members, in order.
    pub members: Vec<DeviceId>,
    /// Edges, those that explain it first, and the arithmetic, as JSON.
    pub body: serde_json::Value,
    /// When it was first found.
    pub first_seen: Timestamp,
    /// When it was last looked at.
    pub last_seen: Timestamp,
    /// When it fell apart.
    pub ended_at: Option<Timestamp>,
}

/// What one look at a component came to.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Every device that was looked at.
    pub devices: Vec<DeviceId>,
    /// The groups among them; ids are found here.
    pub groups: Vec<GroupRow>,
    /// Of each device: a digest of its findings, and when time alone may change them.
    pub states: Vec<(DeviceId, String, Option<Timestamp>)>,
    /// When.
    pub at: Timestamp,
}

/// An approval of what ties devices: it weighs nothing while it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TieApproval {
    /// Its id.
    pub id: ApprovalId,
    /// The kind of value.
    pub kind: LinkKind,
    /// The value. An address or a gateway stands for the whole place behind it.
    pub value: String,
    /// Only between these two; between all where absent.
    pub between: Option<(DeviceId, DeviceId)>,
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

/// How one device's key or hardware came out of another's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The later device.
    pub device: DeviceId,
    /// The earlier one.
    pub earlier: DeviceId,
    /// `reimaged`, `disk_moved`, `cloned`, `copied`.
    pub how: String,
    /// When it was first noticed.
    pub at: Timestamp,
}

/// Groups.
#[async_trait::async_trait]
pub trait Groups {
    /// Takes a look's outcome: groups appear, change and end, in one transaction.
    async fn set_groups(&self, looked: &Looked) -> Result<(), StoreError>;
    /// Groups, gravest first; ended ones too where asked.
    async fn groups_of_devices(&self, with_ended: bool, limit: u32) -> Result<Vec<GroupRow>, StoreError>;
    /// One group.
    async fn device_group(&self, id: &str) -> Result<Option<GroupRow>, StoreError>;
    /// The standing group that a device is in.
    async fn group_of(&self, device: &DeviceId) -> Result<Option<GroupRow>, StoreError>;
    /// The digests that the last looks left, of those devices that have one.
    async fn farm_states(&self, devices: &[DeviceId]) -> Result<Vec<(DeviceId, String)>, StoreError>;
    /// Enqueues a `Farm` job for devices whose findings time alone may have changed; how many.
    async fn enqueue_due_looks(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Approves a tie; those who have the value are looked at again.
    async fn add_tie_approval(&self, approval: &TieApproval) -> Result<(), StoreError>;
    /// Withdraws it. False where there is none in force.
    async fn revoke_tie_approval(&self, id: &ApprovalId, at: Timestamp) -> Result<bool, StoreError>;
    /// All, newest first, at most `limit`.
    async fn tie_approvals(&self, limit: u32) -> Result<Vec<TieApproval>, StoreError>;
    /// Remembers where a device came from; once.
    async fn add_lineage(&self, lineage: &Lineage) -> Result<(), StoreError>;
    /// What is known of a device's origin and offspring, oldest first.
    async fn lineage(&self, device: &DeviceId) -> Result<Vec<Lineage>, StoreError>;
}
