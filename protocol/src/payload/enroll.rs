use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    envelope::Payload,
    id::{DeviceId, TokenId},
    key::{KeyProtection, PublicKey},
    report::DeviceSummary,
};

/// A machine asks to be enrolled. Signed by the key it brings: that is the proof of possession.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrollPayload {
    /// Must be the id of `public_key`.
    pub device_id: DeviceId,
    /// The key that will sign reports.
    pub public_key: PublicKey,
    /// How that key is kept.
    pub key_protection: KeyProtection,
    /// Which token.
    pub token: TokenId,
    /// HMAC-SHA256 under the token's secret over `device_id`, NUL and `trust`, hex: shows possession of
    /// the secret, bound to this key and to what was pinned, without sending it.
    pub token_proof: String,
    /// The trust digest that the token carried.
    pub trust: Digest,
    /// The machine, in brief.
    pub device: DeviceSummary,
    /// Version of the agent.
    pub agent_version: String,
    /// SHA-256 of the agent's own binary.
    pub agent_digest: Option<Digest>,
    /// The agent's clock.
    pub sent_at: Timestamp,
}

impl Payload for EnrollPayload {
    const TYPE: &'static str = "application/vnd.bearing.enroll.v1+json";
}
