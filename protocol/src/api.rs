//! Bodies of the agent's HTTP interface, `/agent/v1/…`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    commitment::Disclosure,
    envelope::Envelope,
    id::{DeviceId, EvaluationId, ServerId},
    key::PublicKey,
};

/// The header that names the speaker before anything is decompressed.
pub const DEVICE_HEADER: &str = "Bearing-Device";

/// `GET /agent/v1/trust`: what an agent pins. Believed only where it digests to what the token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrustAnchors {
    /// The server's CA certificate, PEM.
    pub ca_pem: String,
    /// Keys that sign policy.
    pub policy_keys: Vec<PublicKey>,
    /// How many of them must sign.
    pub policy_threshold: usize,
    /// Employee-side keys, where pinned: one of them must sign what widens collection.
    #[serde(default)]
    pub employee_keys: Vec<PublicKey>,
}

/// `POST /agent/v1/enroll`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrollRequest {
    /// Carries an [`crate::payload::EnrollPayload`].
    pub envelope: Envelope,
}

/// The answer to an enrolment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrollAnswer {
    /// The id, as derived from the key.
    pub device_id: DeviceId,
    /// Whether an administrator must approve first.
    pub pending: bool,
    /// Whom reports are for.
    pub server: ServerId,
    /// The server's evidence key.
    pub evidence_key: PublicKey,
    /// Id of the tenant HMAC key.
    pub tenant_key_id: String,
    /// The tenant HMAC key, 64 hex digits. A secret of the organisation, known to each of its endpoints.
    pub tenant_key: String,
    /// The policy in force, where one was published.
    pub policy: Option<Envelope>,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// `POST /agent/v1/checkin`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckinRequest {
    /// Carries a [`crate::payload::CheckinPayload`].
    pub envelope: Envelope,
}

/// `POST /agent/v1/reports`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReportRequest {
    /// Carries a [`crate::payload::ReportPayload`].
    pub envelope: Envelope,
    /// The values behind its commitments.
    pub disclosures: Vec<Disclosure>,
}

/// The answer to a check-in or a report, sent only after the commit reached the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The sequence number that is safe now.
    pub sequence: u64,
    /// Whether it was already known (a retry).
    #[serde(default)]
    pub duplicate: bool,
    /// The server's clock.
    pub server_time: Timestamp,
    /// A challenge to answer with a fresh report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// A policy newer than the one named in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Envelope>,
    /// Version of the filter of the tenant's own interfaces, where there is one: an agent that holds another fetches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbour_filter: Option<String>,
    /// The last place verdict, only where policy shows it to everybody (`[place] show_verdict`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<ShownPlace>,
}

/// A place verdict as the employee sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPlace {
    /// `match mismatch concealed cluster inconclusive no_expectation`.
    pub verdict: String,
    /// Why, a line each.
    pub why: Vec<String>,
    /// When it was reached.
    pub at: Timestamp,
}

/// `POST /agent/v1/echo` and `POST /agent/v1/neighbours`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EchoRequest {
    /// Carries an [`crate::payload::EchoPayload`].
    pub envelope: Envelope,
}

/// The answer to an echo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EchoAnswer {
    /// To be signed and sent back at once on the same connection; absent where the server has enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// The answer of `POST /agent/v1/neighbours`: the tenant's own interfaces, so that an agent can tell which of its
/// neighbours are colleagues' machines without naming anybody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeighbourFilter {
    /// Its version: SHA-256 of the prefixes, hex, cut to 16 digits.
    pub version: String,
    /// The first 32 bit of each interface's HMAC (as in [`crate::payload::PlaceItem::interfaces`]), big-endian, sorted,
    /// without repetition, in base64. At most [`MAX_FILTER_ENTRIES`].
    pub prefixes: String,
}

/// Most entries of a [`NeighbourFilter`].
pub const MAX_FILTER_ENTRIES: usize = 400_000;

/// A request for a fresh report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// To be signed into the report.
    pub nonce: String,
    /// The evaluation that asks.
    pub evaluation: Option<EvaluationId>,
}

/// An error's body: `application/problem+json` (RFC 9457) with a stable code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:bearing:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// HTTP status.
    pub status: u16,
    /// What is wrong, in words.
    pub title: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// For [`problem::SEQUENCE`]: the last sequence number the server holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sequence: Option<u64>,
}

/// Stable problem codes an agent acts on.
pub mod problem {
    /// The device is not known: enrol again.
    pub const UNKNOWN_DEVICE: &str = "unknown-device";
    /// The device was revoked: stop sending.
    pub const REVOKED_DEVICE: &str = "revoked-device";
    /// The device waits for approval: try later.
    pub const PENDING_DEVICE: &str = "pending-device";
    /// The signature does not hold, or the key is not the device's.
    pub const BAD_SIGNATURE: &str = "bad-signature";
    /// The envelope or its payload is malformed: it will never be accepted.
    pub const MALFORMED: &str = "malformed";
    /// A different message with this number was accepted before: a fork.
    pub const SEQUENCE: &str = "sequence-conflict";
    /// The message is for another server.
    pub const WRONG_SERVER: &str = "wrong-server";
    /// Over a limit: it will never be accepted.
    pub const TOO_LARGE: &str = "too-large";
    /// Too many requests: see Retry-After.
    pub const SLOW_DOWN: &str = "slow-down";
    /// The store cannot commit: see Retry-After.
    pub const UNAVAILABLE: &str = "unavailable";
    /// The token is unknown, used up, expired or revoked, or its proof does not hold.
    pub const BAD_TOKEN: &str = "bad-token";
}
