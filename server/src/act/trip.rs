//! Announcing a trip for a device, and deciding on one.
//!
//! Always: days and countries are within bounds, whoever announces; a decision has a reason; audited before it holds.

use bearing_policies::place::zones;
use bearing_protocol::{
    Timestamp,
    id::DeviceId,
    payload::{MAX_TRIP_COUNTRIES, MAX_TRIP_DAYS},
    text::printable,
};
use bearing_store::{TripDecision, TripRow, TripState, days_at};
use jiff::{ToSpan as _, civil::Date};
use serde_json::json;

use super::{ActError, MAX_TEXT_CHARS, audited, required};
use crate::{
    app::App,
    auth::{Actor, random_bytes},
};

/// How far ahead a trip may begin, in years.
const MAX_AHEAD_YEARS: i32 = 2;
/// How long ago a trip may have ended, in days: those that were not announced in time are recorded late.
const MAX_PAST_DAYS: i32 = 60;
/// Most trips that are kept for one device: further ones wait until old ones are forgotten.
const MAX_TRIPS: u64 = 1_000;

/// What is announced.
#[derive(Clone, Debug)]
pub struct TripRequest {
    /// For which device.
    pub device: DeviceId,
    /// Where to.
    pub countries: Vec<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

/// The countries of a trip in order, each once.
///
/// # Errors
/// What is wrong with the countries or days.
pub fn trip_bounds(
    countries: &[String],
    from: Date,
    until: Date,
    now: Timestamp,
) -> Result<Vec<String>, ActError> {
    let mut codes: Vec<String> = Vec::new();
    for country in countries.iter().take(MAX_TRIP_COUNTRIES + 1) {
        let code = country.trim().to_ascii_uppercase();
        let known = code.len() == 2
            && code.bytes().all(|b| b.is_ascii_uppercase())
            && !zones().offsets(&code).is_empty();
        if !known {
            let odd = printable(country, 20);
            return Err(ActError::invalid(format!(
                "`{odd}` is no country: want two letters of ISO 3166-1 as in `PT`"
            )));
        }
        codes.push(code);
    }
    codes.sort();
    codes.dedup();
    if codes.is_empty() {
        return Err(ActError::invalid("a trip needs a country, as in `PT`"));
    }
    if countries.len() > MAX_TRIP_COUNTRIES {
        return Err(ActError::invalid(format!("a trip has at most {MAX_TRIP_COUNTRIES} countries")));
    }
    let (earliest, latest) = days_at(now);
    if until < from {
        return Err(ActError::invalid(format!("the trip ends on {until}, before it begins on {from}")));
    }
    if until > from.saturating_add((MAX_TRIP_DAYS - 1).days()) {
        return Err(ActError::invalid(format!("a trip has at most {MAX_TRIP_DAYS} days")));
    }
    if from > latest.saturating_add(MAX_AHEAD_YEARS.years()) {
        return Err(ActError::invalid(format!(
            "a trip begins within {MAX_AHEAD_YEARS} years; {from} is later"
        )));
    }
    if until < earliest.saturating_sub(MAX_PAST_DAYS.days()) {
        return Err(ActError::invalid(format!(
            "the trip was over on {until}, more than {MAX_PAST_DAYS} days ago"
        )));
    }
    Ok(codes)
}

/// Announces a trip for a device.
///
/// # Errors
/// Where it is out of bounds, there is no such device, or the store cannot.
pub async fn announce_trip(app: &App, actor: &Actor, request: TripRequest) -> Result<TripRow, ActError> {
    let now = app.clock.now();
    let countries = trip_bounds(&request.countries, request.from, request.until, now)?;
    let device = app.store.device(&request.device).await?.ok_or(ActError::NotFound("device"))?;
    if app.store.trips_since(&device.id, Timestamp::MIN).await? >= MAX_TRIPS {
        return Err(ActError::Conflict(format!("there are {MAX_TRIPS} trips of this device already")));
    }
    let row = TripRow {
        id: hex::encode(random_bytes::<8>()?),
        person: app.store.person_of(&device.id).await?.map(|person| person.row.id),
        device: device.id,
        countries,
        from: request.from,
        until: request.until,
        announced_by: actor.name().to_owned(),
        announced_at: now,
        state: TripState::Announced,
        decided_by: None,
        decided_at: None,
        reason: None,
    };
    let detail =
        json!({ "device": row.device, "countries": row.countries, "from": row.from, "until": row.until });
    audited(app, actor, "trip.announce", &row.id, detail, async {
        app.store.put_trips(std::slice::from_ref(&row)).await?;
        Ok(())
    })
    .await?;
    Ok(row)
}

/// Approves, declines or withdraws a trip.
///
/// # Errors
/// Where there is no such trip, it was withdrawn, the reason is missing, or the store cannot.
pub async fn decide_trip(
    app: &App,
    actor: &Actor,
    id: &str,
    state: TripState,
    reason: &str,
) -> Result<TripRow, ActError> {
    let reason = required("the reason", reason, MAX_TEXT_CHARS)?;
    let before = app.store.trip(id).await?.ok_or(ActError::NotFound("trip"))?;
    let action = match state {
        TripState::Approved => "trip.approve",
        TripState::Declined => "trip.decline",
        TripState::Withdrawn => "trip.withdraw",
        TripState::Announced => return Err(ActError::invalid("a trip is approved, declined or withdrawn")),
    };
    let detail = json!({ "device": before.device, "from": before.state, "reason": reason });
    let decision = TripDecision { state, by: actor.name().to_owned(), at: app.clock.now(), reason };
    audited(app, actor, action, id, detail, async {
        app.store.decide_trip(id, &decision).await?.ok_or(ActError::NotFound("trip"))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(countries: &[&str], from: &str, until: &str) -> Result<Vec<String>, String> {
        let countries: Vec<String> = countries.iter().map(|c| (*c).to_owned()).collect();
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        trip_bounds(&countries, from.parse().unwrap(), until.parse().unwrap(), now)
            .map_err(|why| why.to_string())
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        assert_eq!(bounds(&["pt", "ES", "PT"], "2026-12-01", "2026-12-14").unwrap(), ["ES", "PT"]);
        let refused = |countries: &[&str], from, until, part: &str| {
            let why = bounds(countries, from, until).unwrap_err();
            assert!(why.contains(part), "{why}");
        };
        refused(&[], "2026-12-01", "2026-12-14", "needs a country");
        refused(&["XX"], "2026-12-01", "2026-12-14", "`XX` is no country");
        refused(&["Portugal"], "2026-12-01", "2026-12-14", "is no country");
        refused(&["PT"; 13], "2026-12-01", "2026-12-14", "at most 12");
        refused(&["PT"], "2026-12-14", "2026-12-01", "before it begins");
        refused(&["PT"], "2026-12-01", "2028-12-01", "at most 366 days");
        refused(&["PT"], "9999-12-30", "9999-12-31", "within 2 years");
        refused(&["PT"], "2026-01-01", "2026-02-01", "60 days ago");
        assert!(bounds(&["PT"], "2028-11-26", "2029-11-26").is_ok(), "the last that is taken");
        assert!(bounds(&["PT"], "2028-11-27", "2028-11-27").is_err());
    }
}
