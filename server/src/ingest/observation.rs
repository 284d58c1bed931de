//! What the server saw of a message, signed under its evidence key.

use std::net::IpAddr;

use bearing_protocol::{
    Timestamp,
    envelope::{Envelope, Verified},
    payload::{ObservationPayload, ReportPayload},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{Refused, message::envelope_text};
use crate::{
    app::App,
    geo::{self, Seen},
};

/// The keyed digest of an address, 64 bits in hex; of an IPv6 address its /64, which is what a line has.
fn address_digest(key: &[u8; 32], address: IpAddr) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    match address {
        IpAddr::V4(v4) => mac.update(&v4.octets()),
        IpAddr::V6(v6) => mac.update(&v6.octets()[..8]),
    }
    hex::encode(&mac.finalize().into_bytes()[..8])
}

/// The signed observation of a report, as JSON text.
pub(super) fn observe(
    app: &App,
    message: &Verified<ReportPayload>,
    source: IpAddr,
    seen: &Seen,
    received_at: Timestamp,
) -> Result<String, Refused> {
    let payload = ObservationPayload {
        server: app.server.clone(),
        device_id: message.device_id.clone(),
        sequence: message.sequence,
        message: message.chain_digest(),
        received_at,
        address_family: seen.family,
        address_digest: address_digest(&app.observation_key, source),
        country: seen.country.clone(),
        alt_country: None,
        asn: seen.asn,
        egress_class: seen.class.as_str().to_owned(),
        tables: geo::tables(),
        clock_skew_ms: i64::try_from(received_at.duration_since(message.sent_at).as_millis())
            .unwrap_or(i64::MAX),
        other_family: None,
        round_trips: None,
    };
    let envelope = Envelope::seal(&payload, &[&app.evidence_key])
        .map_err(|_| Refused::unavailable("the observation cannot be signed"))?;
    envelope_text(&envelope)
}
