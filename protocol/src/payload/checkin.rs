use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::TripNotice;
use crate::{
    digest::Digest,
    envelope::Payload,
    id::{DeviceId, ServerId},
};

/// A heartbeat: "still here, nothing changed since that report". Numbered and chained like a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckinPayload {
    /// Whom it is for.
    pub server: ServerId,
    /// Who speaks. Must be the id of the key that verified.
    pub device_id: DeviceId,
    /// The kernel's boot id.
    pub boot_id: Option<String>,
    /// One more than the last message's. The first after enrolment is 1.
    pub sequence: u64,
    /// Chain digest of the message before; absent in the first.
    pub previous: Option<Digest>,
    /// Why now.
    pub reason: CheckinReason,
    /// Chain digest of the last report whose result still holds.
    pub last_report: Option<Digest>,
    /// Digest of the policy in force.
    pub policy_digest: Digest,
    /// Version of the policy in force.
    pub policy_version: u64,
    /// Version of the agent.
    pub agent_version: String,
    /// The agent's clock.
    pub sent_at: Timestamp,
    /// Trips that were announced on the device and no acknowledged message carried yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trips: Vec<TripNotice>,
}

/// Why an agent checks in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckinReason {
    /// The service has started.
    Starting,
    /// As scheduled, nothing changed.
    Unchanged,
    /// The service was asked to stop: its last word.
    Stopping,
}

impl Payload for CheckinPayload {
    const TYPE: &'static str = "application/vnd.bearing.checkin.v1+json";
}
