//! What a device's runs of addresses say: for how long it has been where it is, travel that cannot be, an egress that
//! flaps, and one that never moves.
//!
//! Always: countries are compared and no cities; only lines that are fixed say that somebody travelled.

use bearing_policies::place::{EgressClass, History, Travel};
use bearing_protocol::{Timestamp, payload::ObservationPayload};
use bearing_store::Sighting;
use jiff::SignedDuration;

use super::class_of;
use crate::geo::world::{TOLERANCE_KM, world};

/// For how long a jump or a flap is still worth saying.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A flap is another country for at most this long.
const FLAP: SignedDuration = SignedDuration::from_hours(2);
/// How many corners of an outline are measured from.
const MAX_CORNERS: usize = 200;
/// From when on one address is one that never changes (GE-06).
const STILL: SignedDuration = SignedDuration::from_hours(45 * 24);

/// See the module.
#[derive(Clone, Debug, Default)]
pub(in crate::correlate) struct Path {
    /// For how long it has been where it is.
    pub(in crate::correlate) history: History,
    /// Two fixes on fixed lines in two countries.
    pub(in crate::correlate) travel: Option<Travel>,
    /// Between which countries.
    pub(in crate::correlate) travelled: Option<(String, String)>,
    /// Another country for a moment.
    pub(in crate::correlate) flap: Option<Flap>,
    /// For how many days its address has not changed, where that is long.
    pub(in crate::correlate) still_days: Option<i64>,
}

/// Another country for a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::correlate) struct Flap {
    /// Before and after.
    pub(in crate::correlate) usual: String,
    /// The class of the usual way out.
    pub(in crate::correlate) class: String,
    /// For a moment.
    pub(in crate::correlate) shown: String,
    /// When.
    pub(in crate::correlate) at: Timestamp,
}

impl Path {
    /// Reads runs, newest first, at the time of a report.
    pub(super) fn of(runs: &[Sighting], observation: Option<&ObservationPayload>, at: Timestamp) -> Self {
        let Some(seen) = observation else { return Self::default() };
        let own: Vec<&Sighting> = runs
            .iter()
            .filter(|run| run.source.family == seen.address_family && run.first_seen <= at)
            .collect();
        let (travel, travelled) = travel(&own, at).unzip();
        Self {
            history: history(&own, seen, at),
            travel,
            travelled,
            flap: flap(&own, at),
            still_days: still(runs, at),
        }
    }
}

/// For how long the device was seen in the country where it is seen now.
fn history(runs: &[&Sighting], seen: &ObservationPayload, at: Timestamp) -> History {
    let mut history = History { observations: 0, span_hours: 0.0 };
    for run in runs.iter().take_while(|run| run.source.country == seen.country) {
        history.observations += run.seen;
        history.span_hours = at.duration_since(run.first_seen).as_secs_f64().max(0.0) / 3_600.0;
    }
    // The report itself was seen, whatever is remembered.
    history.observations = history.observations.max(1);
    history
}

fn is_fixed(run: &Sighting) -> bool {
    matches!(class_of(&run.source.class), EgressClass::Residential | EgressClass::Unknown)
}

/// The two newest runs, where they are on fixed lines of two countries.
fn travel(runs: &[&Sighting], at: Timestamp) -> Option<(Travel, (String, String))> {
    let [to, from, ..] = runs else { return None };
    let recent = at.duration_since(to.first_seen) <= RECENT;
    if !recent || !is_fixed(to) || !is_fixed(from) || to.source.digest == from.source.digest {
        return None;
    }
    let (here, there) = (to.source.country.clone()?, from.source.country.clone()?);
    // A second source that puts both in one country says that a table moved, and nobody else.
    let one_opinion = to.source.alt_country.is_some() && to.source.alt_country == from.source.alt_country;
    if here == there || one_opinion {
        return None;
    }
    let km = country_distance_km(&there, &here)?;
    let hours = to.first_seen.duration_since(from.last_seen).as_secs_f64().max(0.0) / 3_600.0;
    let travel =
        Travel { from_class: class_of(&from.source.class), to_class: class_of(&to.source.class), km, hours };
    Some((travel, (there, here)))
}

/// The least distance between two countries by their outlines, where both are known.
fn country_distance_km(a: &str, b: &str) -> Option<f64> {
    let world = world();
    let shape = world.shapes().iter().find(|shape| shape.code == a)?;
    let corners = shape.polygons.iter().flat_map(|piece| &piece.rings).flatten();
    let many = corners.clone().count();
    let nearest = corners
        .step_by((many / MAX_CORNERS).max(1))
        .filter_map(|(lon, lat)| world.distance_km((f64::from(*lat), f64::from(*lon)), b))
        .min_by(f64::total_cmp)?;
    Some((nearest - TOLERANCE_KM).max(0.0))
}

/// A run of another country on a fixed line between two of the same: a VPN that dropped for a moment.
fn flap(runs: &[&Sighting], at: Timestamp) -> Option<Flap> {
    runs.windows(3)
        .take_while(|three| three.first().is_some_and(|run| at.duration_since(run.first_seen) <= RECENT))
        .find_map(|three| {
            let [after, between, before] = three else { return None };
            let usual = after.source.country.as_ref()?;
            let shown = between.source.country.as_ref()?;
            let back = before.source.country.as_ref() == Some(usual) && shown != usual;
            let short = between.last_seen.duration_since(between.first_seen) <= FLAP
                && after.first_seen.duration_since(before.last_seen) <= FLAP + FLAP;
            // A table that moved one network back and forth is no flap.
            let doubted = between.source.alt_country.as_ref() == Some(usual);
            (back && short && is_fixed(between) && !doubted).then(|| Flap {
                usual: usual.clone(),
                class: after.source.class.clone(),
                shown: shown.clone(),
                at: between.first_seen,
            })
        })
}

/// For how many days everything came from one address of each family.
fn still(runs: &[Sighting], at: Timestamp) -> Option<i64> {
    let since = at.checked_sub(STILL).ok()?;
    let lately: Vec<_> = runs.iter().filter(|run| run.last_seen >= since).collect();
    let corporate = lately.iter().any(|run| class_of(&run.source.class) == EgressClass::Corporate);
    let moved = lately.iter().any(|run| run.first_seen > since);
    let first = lately.iter().map(|run| run.first_seen).min()?;
    (!moved && !corporate).then(|| at.duration_since(first).as_hours() / 24)
}

#[cfg(test)]
mod tests {
    use bearing_protocol::{digest::Digest, id::DeviceId};
    use bearing_store::SourceSeen;

    use super::*;

    const HOUR: i64 = 3_600;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + hours * HOUR).unwrap()
    }

    fn run(digest: &str, country: &str, class: &str, from: i64, until: i64) -> Sighting {
        Sighting {
            source: SourceSeen {
                family: 4,
                digest: digest.to_owned(),
                address: None,
                country: Some(country.to_owned()),
                alt_country: Some(country.to_owned()),
                asn: None,
                class: class.to_owned(),
            },
            first_seen: at(from),
            last_seen: at(until),
            seen: 5,
        }
    }

    fn observation(country: &str) -> ObservationPayload {
        ObservationPayload {
            server: bearing_protocol::id::ServerId::from_bytes(&[1; 16]),
            device_id: DeviceId::of_key(&[1; 32]),
            sequence: 1,
            message: Digest::of(b""),
            received_at: at(0),
            address_family: 4,
            address_digest: String::new(),
            country: Some(country.to_owned()),
            alt_country: None,
            asn: None,
            egress_class: "residential".to_owned(),
            tables: Vec::new(),
            clock_skew_ms: 0,
            other_family: None,
            round_trips: None,
        }
    }

    fn path(runs: &[Sighting], country: &str, now: i64) -> Path {
        Path::of(runs, Some(&observation(country)), at(now))
    }

    #[test]
    fn history_is_of_the_country_and_not_of_the_address() {
        let runs = [
            run("c", "DE", "residential", 50, 60),
            run("b", "DE", "mobile", 40, 49),
            run("a", "US", "residential", 0, 39),
        ];
        let history = path(&runs, "DE", 60).history;
        assert_eq!((history.observations, history.span_hours), (10, 20.0));
        assert_eq!(path(&[], "DE", 60).history.observations, 1, "the report itself was seen");
    }

    #[test]
    fn a_jump_between_fixed_lines_is_travel_and_one_with_a_phone_is_not() {
        let jump = |class: &str, after: i64| {
            path(
                &[run("b", "US", class, 40 + after, 41 + after), run("a", "DE", "residential", 0, 40)],
                "US",
                50 + after,
            )
            .travel
        };
        let travel = jump("residential", 1).unwrap();
        assert!(travel.km > 500.0 && travel.hours == 1.0, "{travel:?}");
        assert!(jump("mobile", 1).is_none() && jump("vpn", 1).is_none());
        let old = path(
            &[run("b", "US", "residential", 41, 41 + 9 * 24), run("a", "DE", "residential", 0, 40)],
            "US",
            41 + 9 * 24,
        );
        assert!(old.travel.is_none(), "a jump of last week is not said for ever");
        let mut relabelled = [run("b", "US", "residential", 41, 42), run("a", "DE", "residential", 0, 40)];
        relabelled[0].source.alt_country = Some("DE".to_owned());
        assert!(path(&relabelled, "US", 43).travel.is_none(), "a table that changed its mind");
    }

    #[test]
    fn a_vpn_that_drops_for_a_moment_is_a_flap() {
        let three = |between: &str, until: i64| {
            let runs = [
                run("a", "US", "vpn", until, until + 5),
                run("b", "CN", between, 41, until),
                run("a", "US", "vpn", 0, 41),
            ];
            path(&runs, "US", until + 5).flap
        };
        let flap = three("residential", 42).unwrap();
        assert_eq!((flap.usual.as_str(), flap.shown.as_str(), flap.class.as_str()), ("US", "CN", "vpn"));
        assert!(three("residential", 48).is_none(), "a day out is a trip");
        assert!(three("vpn", 42).is_none(), "one exit for another");
    }

    #[test]
    fn a_device_that_never_moves_is_still() {
        let days = |days: i64| days * 24;
        let one = run("a", "US", "residential", 0, days(50));
        assert_eq!(path(std::slice::from_ref(&one), "US", days(50)).still_days, Some(50));
        let short = run("a", "US", "residential", days(10), days(50));
        assert_eq!(path(&[short], "US", days(50)).still_days, None);
        let away = run("b", "US", "mobile", days(20), days(20) + 2);
        assert_eq!(path(&[away, one], "US", days(50)).still_days, None, "a day in a café is a move");
        let office = run("a", "US", "corporate", 0, days(50));
        assert_eq!(path(&[office], "US", days(50)).still_days, None);
    }

    #[test]
    fn a_clock_that_jumped_back_gives_no_negative_hours() {
        let runs = [run("a", "DE", "residential", 60, 60)];
        assert_eq!(path(&runs, "DE", 50).history.span_hours, 0.0);
    }
}
