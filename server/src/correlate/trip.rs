//! Trips that a device announced or withdrew in a check-in.
//!
//! Always: derived from the stored envelope, so nothing is lost and twice is once; what a device may announce is
//! bounded; what is refused is a line of the log and an entry of the audit log, and holds up nothing else.

use bearing_protocol::{
    Timestamp,
    digest::Digest,
    id::DeviceId,
    key::KeySet,
    payload::{CheckinPayload, MAX_TRIP_NOTICES, TripNotice},
    text::printable,
};
use bearing_store::{TripRow, TripState, days_at};
use jiff::SignedDuration;
use serde_json::json;
use tracing::warn;

use super::CorrelateError;
use crate::{act, app::App};

/// Who announces what a device says.
const BY_DEVICE: &str = "device";
/// Most trips that are taken of a device in a day.
const MAX_A_DAY: u64 = 32;
/// A day.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Longest word of a device that is shown, in characters.
const SHOWN: usize = 40;

/// Takes the trips of a check-in.
///
/// # Errors
/// Where the check-in is not there, does not open any more, or the store cannot.
pub async fn trips(app: &App, id: &DeviceId, sequence: u64) -> Result<(), CorrelateError> {
    let device = app.store.device(id).await?.ok_or_else(|| CorrelateError::NoDevice(id.clone()))?;
    let message = app
        .store
        .message(id, sequence)
        .await?
        .ok_or_else(|| CorrelateError::NoMessage { device: id.clone(), sequence })?;
    let checkin = message
        .envelope
        .open::<CheckinPayload>(&KeySet::single(device.public_key))
        .map_err(|source| CorrelateError::Envelope { sequence, source })?;
    let at = message.received_at;
    let since = at.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
    let mut left = MAX_A_DAY.saturating_sub(app.store.trips_since(id, since).await?);
    let person = app.store.person_of(id).await?.map(|person| person.row.id);
    let mut refused = Vec::new();
    if checkin.trips.len() > MAX_TRIP_NOTICES {
        refused.push(format!("more than {MAX_TRIP_NOTICES} announcements in one message"));
    }
    for notice in checkin.trips.iter().take(MAX_TRIP_NOTICES) {
        let row = match row(id, person.clone(), notice, at) {
            Ok(row) => row,
            Err(why) => {
                refused.push(format!("trip {}: {why}", printable(&notice.id, SHOWN)));
                continue;
            }
        };
        let known = app.store.trip(&row.id).await?;
        let action = match (&known, row.state) {
            (None, _) if left == 0 => {
                refused.push(format!("more than {MAX_A_DAY} trips in a day"));
                break;
            }
            (None, TripState::Withdrawn) => "trip.withdraw",
            (None, _) => "trip.announce",
            (Some(known), TripState::Withdrawn) if known.state != TripState::Withdrawn => "trip.withdraw",
            (Some(_), _) => continue,
        };
        left -= u64::from(known.is_none());
        let detail =
            json!({ "device": id, "countries": row.countries, "from": row.from, "until": row.until });
        act::note(app, id.as_str(), action, &row.id, detail).await?;
        app.store.put_trips(&[row]).await?;
    }
    if !refused.is_empty() {
        warn!(device.id = %id, sequence, "announced trips were refused: {}", refused.join("; "));
        act::note(
            app,
            id.as_str(),
            "trip.refuse",
            id.as_str(),
            json!({ "sequence": sequence, "why": refused }),
        )
        .await?;
    }
    Ok(())
}

/// The id of a device's notice: no device can name another's trip.
fn id_of(device: &DeviceId, notice: &str) -> String {
    let digest = Digest::of(format!("bearing-trip-v1\0{device}\0{notice}").as_bytes());
    hex::encode(&digest.as_bytes()[..8])
}

/// A notice as a row, or why it is refused.
fn row(
    device: &DeviceId,
    person: Option<String>,
    notice: &TripNotice,
    at: Timestamp,
) -> Result<TripRow, String> {
    if notice.id.len() != 16 || !notice.id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("its id is not 16 hex digits".to_owned());
    }
    let withdrawn = notice.countries.is_empty();
    // The days of a withdrawal mean nothing: they are not taken from the device.
    let (countries, from, until) = if withdrawn {
        let (earliest, latest) = days_at(at);
        (Vec::new(), earliest, latest)
    } else {
        let countries = act::trip_bounds(&notice.countries, notice.from, notice.until, at);
        (countries.map_err(|why| why.to_string())?, notice.from, notice.until)
    };
    Ok(TripRow {
        id: id_of(device, &notice.id.to_ascii_lowercase()),
        device: device.clone(),
        person,
        countries,
        from,
        until,
        announced_by: BY_DEVICE.to_owned(),
        announced_at: at,
        state: if withdrawn { TripState::Withdrawn } else { TripState::Announced },
        decided_by: withdrawn.then(|| BY_DEVICE.to_owned()),
        decided_at: withdrawn.then_some(at),
        reason: None,
    })
}
