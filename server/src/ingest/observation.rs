//! What the server saw of a message, signed under its evidence key.
//!
//! Always: what a place verdict rests on is in the signed observation, so that it can be computed again after raw
//! addresses are gone: the other family's last connection and the last round trips are copied into it.

use std::net::IpAddr;

use bearing_protocol::{
    Timestamp,
    envelope::{Envelope, Verified},
    payload::{FamilySeen, ObservationPayload, ReportPayload},
};
use bearing_store::SourceSeen;
use hmac::{Hmac, Mac as _};
use jiff::SignedDuration;
use sha2::Sha256;

use super::{Refused, message::envelope_text};
use crate::{app::App, geo::Seen};

/// For how long the other family's connection counts.
const OTHER_FAMILY: SignedDuration = SignedDuration::from_hours(48);
/// For how long measured round trips count.
const ROUND_TRIPS: SignedDuration = SignedDuration::from_hours(24);

/// The keyed digest of an address, 64 bits in hex; of an IPv6 address its /64, which is what a line has.
pub(crate) fn address_digest(key: &[u8; 32], address: IpAddr) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    match address.to_canonical() {
        IpAddr::V4(v4) => mac.update(&v4.octets()),
        IpAddr::V6(v6) => mac.update(&v6.octets()[..8]),
    }
    hex::encode(&mac.finalize().into_bytes()[..8])
}

/// A source address as it is remembered.
pub(crate) fn source_seen(app: &App, address: IpAddr, seen: &Seen) -> SourceSeen {
    SourceSeen {
        family: seen.family,
        digest: address_digest(&app.observation_key, address),
        address: Some(address.to_canonical().to_string()),
        country: seen.country.clone(),
        alt_country: seen.alt_country.clone(),
        asn: seen.asn,
        class: seen.class.as_str().to_owned(),
    }
}

/// The signed observation of a report, as JSON text.
pub(super) async fn observe(
    app: &App,
    message: &Verified<ReportPayload>,
    from: &SourceSeen,
    received_at: Timestamp,
) -> Result<String, Refused> {
    let other = if from.family == 4 { 6 } else { 4 };
    let since = |age: SignedDuration| received_at.checked_sub(age).unwrap_or(received_at);
    let other = app.store.last_sighting(&message.device_id, other).await?;
    let trips = app.store.round_trips(&message.device_id).await?;
    let payload = ObservationPayload {
        server: app.server.clone(),
        device_id: message.device_id.clone(),
        sequence: message.sequence,
        message: message.chain_digest(),
        received_at,
        address_family: from.family,
        address_digest: from.digest.clone(),
        country: from.country.clone(),
        alt_country: from.alt_country.clone(),
        asn: from.asn,
        egress_class: from.class.clone(),
        tables: app.geo.current().tables(),
        clock_skew_ms: i64::try_from(received_at.duration_since(message.sent_at).as_millis())
            .unwrap_or(i64::MAX),
        other_family: other.filter(|run| run.last_seen >= since(OTHER_FAMILY)).map(|run| FamilySeen {
            address_family: run.source.family,
            address_digest: run.source.digest,
            country: run.source.country,
            alt_country: run.source.alt_country,
            asn: run.source.asn,
            egress_class: run.source.class,
            seen_at: run.last_seen,
        }),
        round_trips: trips.filter(|trips| trips.measured_at >= since(ROUND_TRIPS)),
    };
    let envelope = Envelope::seal(&payload, &[&app.evidence_key])
        .map_err(|_| Refused::unavailable("the observation cannot be signed"))?;
    envelope_text(&envelope)
}
