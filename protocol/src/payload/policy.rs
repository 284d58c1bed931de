use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::envelope::Payload;

/// A site policy, signed offline. `policy` is the compiled policy's canonical JSON, which
/// `bearing-policies` reads; the envelope fixes its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyPayload {
    /// Its name.
    pub name: String,
    /// Its version: never goes back.
    pub version: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// After this it is no longer accepted as new; the last good one stays in force.
    pub expires_at: Timestamp,
    /// Whether it collects more than the policy before it: then an employee-side key must have signed too,
    /// where one is pinned.
    pub widens_collection: bool,
    /// The policy itself.
    pub policy: serde_json::Value,
}

impl Payload for PolicyPayload {
    const TYPE: &'static str = "application/vnd.bearing.policy.v1+json";
}
