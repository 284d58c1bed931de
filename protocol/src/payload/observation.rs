use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    envelope::Payload,
    id::{DeviceId, ServerId},
};

/// What the server saw of one accepted message, signed under its evidence key, so that place and farm
/// verdicts can be recomputed after raw addresses are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservationPayload {
    /// The server.
    pub server: ServerId,
    /// Whose message.
    pub device_id: DeviceId,
    /// The message's sequence number.
    pub sequence: u64,
    /// The message's chain digest.
    pub message: Digest,
    /// When it was received.
    pub received_at: Timestamp,
    /// 4 or 6.
    pub address_family: u8,
    /// HMAC-SHA256 of the source address (an IPv6 address as its /64) under the server's observation key, hex, 64 bit.
    pub address_digest: String,
    /// Country, ISO 3166-1 alpha-2, from the registry table (`None`: not in the table, private or loopback).
    pub country: Option<String>,
    /// Second opinion.
    pub alt_country: Option<String>,
    /// Autonomous system number, where a table has it.
    pub asn: Option<u32>,
    /// Egress class (`corporate tor vpn residential_proxy relay hosting satellite mobile residential unknown`).
    pub egress_class: String,
    /// Tables used, with digests and ages.
    pub tables: Vec<TableAge>,
    /// Server's clock minus agent's `sent_at`, in milliseconds.
    pub clock_skew_ms: i64,
    /// Smoothed round-trip time of the connection in microseconds, where the peer is the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_rtt_us: Option<u32>,
}

impl Payload for ObservationPayload {
    const TYPE: &'static str = "application/vnd.bearing.observation.v1+json";
}

/// A lookup table used for an observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableAge {
    /// Name and version.
    pub name: String,
    /// Date of its data, `YYYY-MM-DD`.
    pub built: String,
}
