//! Verdicts per device, with their arithmetic.

use bearing_protocol::{Timestamp, id::DeviceId};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A device's verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictRow {
    /// Which device.
    pub device: DeviceId,
    /// `nothing_found review investigate escalate not_assessed platform_incident`.
    pub verdict: String,
    /// Remote-operation evidence; absent where the verdict has no score.
    pub evidence: Option<f64>,
    /// Posture score, never mixed with the evidence.
    pub posture: f64,
    /// The arithmetic, a line each.
    pub arithmetic: Vec<String>,
    /// The place evaluation's answer, as JSON (`evaluate place` prints the same form).
    pub place: Option<serde_json::Value>,
    /// When it was computed.
    pub at: Timestamp,
}

/// How many active devices of one country have one place verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceCount {
    /// The country a device was seen in last; absent where it is not known.
    pub country: Option<String>,
    /// The place evaluation's word; absent where there is no evaluation.
    pub verdict: Option<String>,
    /// Devices.
    pub devices: u64,
    /// Of those, simulated.
    pub simulated: u64,
}

/// Verdicts.
#[async_trait::async_trait]
pub trait Verdicts {
    /// Sets a device's verdict; the one before is kept in its history where the verdict or score changed.
    async fn set_verdict(&self, verdict: &VerdictRow) -> Result<(), StoreError>;
    /// Sets many in one transaction.
    async fn set_verdicts(&self, verdicts: &[VerdictRow]) -> Result<(), StoreError>;
    /// A device's verdict.
    async fn verdict(&self, device: &DeviceId) -> Result<Option<VerdictRow>, StoreError>;
    /// A device's earlier verdicts, newest first, at most `limit`.
    async fn verdict_history(&self, device: &DeviceId, limit: u32) -> Result<Vec<VerdictRow>, StoreError>;
    /// Those that ask for work (`escalate`, `investigate`, `review`, `platform_incident`, `not_assessed`), in that order
    /// and by evidence, at most `limit`.
    async fn verdict_queue(&self, limit: u32) -> Result<Vec<VerdictRow>, StoreError>;
    /// Active devices with a verdict, counted by country and place verdict, in that order. As of now: nothing tells where
    /// anybody was.
    async fn place_counts(&self) -> Result<Vec<PlaceCount>, StoreError>;
}
