use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    envelope::Payload,
    id::{DeviceId, ServerId},
};

/// A signed nonce that comes straight back, so that the server can time it; also what proves a device's key where no
/// numbered message is due. Not numbered and not chained: it states nothing but "I am here now".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EchoPayload {
    /// Whom it is for.
    pub server: ServerId,
    /// Who speaks. Must be the id of the key that verified.
    pub device_id: DeviceId,
    /// What for: one request cannot be replayed as another.
    pub purpose: EchoPurpose,
    /// The nonce of the answer before, on the same connection; absent in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The agent's clock. Refused where it is off by more than [`MAX_ECHO_AGE_SECONDS`].
    pub sent_at: Timestamp,
}

/// What an echo is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoPurpose {
    /// Timing round trips, and showing the address of one family.
    RoundTrip,
    /// Fetching the filter of the tenant's own interfaces.
    Neighbours,
}

/// How far an echo's time may be from the server's, in seconds.
pub const MAX_ECHO_AGE_SECONDS: i64 = 600;

impl Payload for EchoPayload {
    const TYPE: &'static str = "application/vnd.bearing.echo.v1+json";
}
