//! Enrolled machines.

use bearing_protocol::{
    Timestamp,
    coverage::Coverage,
    digest::Digest,
    fact::MachineKind,
    id::{DeviceId, TokenId},
    key::{KeyProtection, PublicKey},
    outcome::RuleOutcome,
    report::{OsSummary, PolicySummary},
};
use serde::{Deserialize, Serialize};

use crate::{Page, PageRequest, StoreError};

/// Where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceState {
    /// Waits for an administrator's approval.
    Pending,
    /// Reports are accepted.
    Active,
    /// Reports are refused; history stays.
    Revoked,
}

/// A machine that enrols.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// Its id, derived from the key.
    pub id: DeviceId,
    /// Its key.
    pub public_key: PublicKey,
    /// How the key is kept.
    pub key_protection: KeyProtection,
    /// Host name at enrolment, bounded.
    pub hostname: String,
    /// Operating system.
    pub os: OsSummary,
    /// Kind of machine.
    pub machine: MachineKind,
    /// Agent version.
    pub agent_version: String,
    /// Group, from the token.
    pub group: String,
    /// Active or pending, from the token.
    pub state: DeviceState,
    /// Whether the token was a simulation's.
    pub simulated: bool,
    /// Token used.
    pub token: TokenId,
    /// When.
    pub enrolled_at: Timestamp,
}

/// A device as it is remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// Its key.
    pub public_key: PublicKey,
    /// How the key is kept.
    pub key_protection: KeyProtection,
    /// Host name, from the last report that disclosed it.
    pub hostname: String,
    /// Operating system.
    pub os: OsSummary,
    /// Kind of machine.
    pub machine: MachineKind,
    /// Agent version.
    pub agent_version: String,
    /// Group.
    pub group: String,
    /// Where it stands.
    pub state: DeviceState,
    /// Whether it is simulated: marked wherever it appears.
    pub simulated: bool,
    /// Countries it is expected in (ISO 3166-1 alpha-2); empty: no expectation.
    pub expected_countries: Vec<String>,
    /// When it enrolled.
    pub enrolled_at: Timestamp,
    /// When a message last arrived.
    pub last_seen: Option<Timestamp>,
    /// When a full report last arrived.
    pub last_report: Option<Timestamp>,
    /// Sequence number of the last message.
    pub sequence: u64,
    /// Chain digest of the last message.
    pub chain: Option<Digest>,
    /// Whether its last message was a last word (it was asked to stop).
    pub stopped: bool,
    /// Seconds between messages that its policy promises, for silence.
    pub checkin_seconds: u32,
    /// Policy named in the last report.
    pub policy: Option<PolicySummary>,
    /// Country observed last.
    pub country: Option<String>,
    /// Autonomous system observed last.
    pub asn: Option<u32>,
    /// Egress class observed last.
    pub egress_class: Option<String>,
}

/// Which devices.
#[derive(Clone, Debug, Default)]
pub struct DeviceFilter {
    /// Only this state.
    pub state: Option<DeviceState>,
    /// Only this group.
    pub group: Option<String>,
    /// Host name or id contains this (case-insensitive, `%` and `_` are plain characters).
    pub search: Option<String>,
    /// Only those not heard since.
    pub silent_since: Option<Timestamp>,
}

/// Devices.
#[async_trait::async_trait]
pub trait Devices {
    /// The device with this id.
    async fn device(&self, id: &DeviceId) -> Result<Option<DeviceRow>, StoreError>;
    /// A page of devices, by host name then id.
    async fn devices(&self, filter: &DeviceFilter, page: &PageRequest)
    -> Result<Page<DeviceRow>, StoreError>;
    /// Sets the state (approve a pending device, revoke, restore); false where there is no such device.
    async fn set_device_state(&self, id: &DeviceId, state: DeviceState) -> Result<bool, StoreError>;
    /// Sets group and expected countries, and has the last report judged again; false where there is no such device.
    async fn set_device_place(
        &self,
        id: &DeviceId,
        group: &str,
        countries: &[String],
    ) -> Result<bool, StoreError>;
    /// Coverage and outcomes of the last full report.
    async fn last_result(
        &self,
        id: &DeviceId,
    ) -> Result<Option<(Vec<Coverage>, Vec<RuleOutcome>)>, StoreError>;
    /// Number of the report behind [`Devices::last_result`].
    async fn result_sequence(&self, id: &DeviceId) -> Result<Option<u64>, StoreError>;
    /// Active devices whose next message is overdue at `now` by more than `grace_seconds` (last_seen +
    /// checkin_seconds + grace < now) and whose silence is no unresolved finding (AT-01) yet, longest first, at
    /// most `limit`.
    async fn overdue(
        &self,
        now: Timestamp,
        grace_seconds: u32,
        limit: u32,
    ) -> Result<Vec<DeviceRow>, StoreError>;
    /// Distinct groups.
    async fn groups(&self) -> Result<Vec<String>, StoreError>;
}
