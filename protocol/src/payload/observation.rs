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
    /// The device's last connection over the other address family, within 48 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_family: Option<FamilySeen>,
    /// The last measured round trips, within 24 hours; absent where the peer was not the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trips: Option<RoundTrips>,
}

/// A connection over one address family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilySeen {
    /// 4 or 6.
    pub address_family: u8,
    /// As in [`ObservationPayload::address_digest`].
    pub address_digest: String,
    /// Country from the first table.
    pub country: Option<String>,
    /// Second opinion.
    pub alt_country: Option<String>,
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Egress class.
    pub egress_class: String,
    /// When.
    pub seen_at: Timestamp,
}

/// Round trips of one connection, transport against application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundTrips {
    /// The kernel's least round trip of the transport (`TCP_INFO`), in microseconds.
    pub tcp_min_us: u32,
    /// The least time from a nonce's departure to its signed return, in microseconds.
    pub application_min_us: u32,
    /// Nonces that came back.
    pub samples: u32,
    /// When.
    pub measured_at: Timestamp,
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
