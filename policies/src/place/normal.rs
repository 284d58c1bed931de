//! A case as the model takes it: codes and names in one spelling, and nothing that cannot be.
//!
//! Always: what is set aside is said in `why`; a code that names no country says nothing about a place.

use super::{
    input::{Observation, PlaceCase, SharedPlace},
    physical::is_country,
    tables::Zones,
};

/// Most characters of a text from a case that are shown.
const MAX_SHOWN: usize = 40;

/// Codes that stand for exactly one other, from older or other lists.
pub const REPLACED: [(&str, &str); 7] =
    [("FX", "FR"), ("UK", "GB"), ("EL", "GR"), ("TP", "TL"), ("ZR", "CD"), ("BU", "MM"), ("DD", "DE")];
/// Codes that stand for no country: dissolved without one successor, regions, anonymous or unknown.
const NONE: [&str; 9] = ["AN", "EU", "AP", "SU", "YU", "CS", "XX", "ZZ", "AA"];

/// The case in one spelling, and what was set aside.
pub(super) fn normal(case: &PlaceCase, zones: &Zones) -> (PlaceCase, Vec<String>) {
    let mut case = case.clone();
    let mut aside = Vec::new();
    let mut list = |codes: &mut Vec<String>, what: &str| {
        codes.retain_mut(|code| match country(code) {
            Some(known) => {
                *code = known;
                true
            }
            None => {
                aside.push(format!("`{}` among the {what} is no country code: set aside", shown(code)));
                false
            }
        });
    };
    list(&mut case.expect.countries, "expected countries");
    for trip in &mut case.expect.trips {
        list(&mut trip.countries, "countries of a trip");
    }
    if let Some(denied) = &mut case.policy.denied {
        list(denied, "denied countries");
    }
    for one in &mut case.obs {
        observation(one);
    }
    for code in [&mut case.expect.ship_to, &mut case.fleet.first_checkin_country, &mut case.device.wifi_reg] {
        *code = code.as_deref().and_then(country);
    }
    for name in [&mut case.device.tz, &mut case.device.session_tz].into_iter().flatten() {
        match zones.spelling(name) {
            Some(known) => known.clone_into(name),
            None if !is_neutral(name) => {
                aside.push(format!("time zone `{}` is not known: it says nothing", shown(name)));
            }
            None => {}
        }
    }
    if let Some(SharedPlace::Kind(kind) | SharedPlace::Sized { kind, .. }) = &mut case.fleet.place {
        *kind = kind.trim().to_ascii_lowercase().replace(['-', ' '], "_").replace("co_working", "coworking");
    }
    if case.travel.is_some_and(|fixes| !(fixes.hours >= 0.0 && fixes.km >= 0.0 && fixes.hours.is_finite())) {
        case.travel = None;
        aside.push("a travel of negative time or distance cannot be: set aside".to_owned());
    }
    if case.rtt.cross_layer.is_some_and(|cross| !(cross.tcp_ms >= 0.0 && cross.app_ms >= 0.0)) {
        case.rtt.cross_layer = None;
        aside.push("a negative round trip cannot be: set aside".to_owned());
    }
    case.rtt.anchors.retain(|anchor| {
        let possible = anchor.min_rtt_ms.is_finite()
            && anchor.min_rtt_ms > 0.0
            && (-90.0..=90.0).contains(&anchor.lat)
            && (-180.0..=180.0).contains(&anchor.lon);
        if !possible {
            aside.push(format!(
                "anchor {}: no point on Earth, or no round trip there can be: set aside",
                shown(&anchor.name)
            ));
        }
        possible
    });
    (case, aside)
}

fn observation(one: &mut Observation) {
    one.country = one.country.as_deref().and_then(country);
    one.alt_country = one.alt_country.as_deref().and_then(country);
}

/// The country that a code stands for.
fn country(code: &str) -> Option<String> {
    let code = code.trim().to_ascii_uppercase();
    let code = REPLACED.iter().find(|(old, _)| *old == code).map_or(code, |(_, new)| (*new).to_owned());
    (is_country(&code) && !NONE.contains(&code.as_str())).then_some(code)
}

/// Whether a zone's name is known to say nothing: UTC and its kin, fixed offsets.
fn is_neutral(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.is_empty()
        || name.starts_with("etc/")
        || matches!(name.as_str(), "utc" | "gmt" | "uct" | "zulu" | "universal" | "greenwich" | "local")
        || name.starts_with("utc")
        || name.starts_with("coordinated")
}

fn shown(text: &str) -> String {
    bearing_protocol::text::printable(text, MAX_SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{PlaceModel, evaluate_place, zones};

    fn result(case: serde_json::Value) -> crate::place::PlaceResult {
        evaluate_place(&serde_json::from_value(case).unwrap(), PlaceModel::embedded().unwrap())
    }

    fn history() -> serde_json::Value {
        serde_json::json!({"observations": 12, "span_hours": 96})
    }

    #[test]
    fn spelling_accuses_nobody_and_hides_nothing() {
        let shipped = result(serde_json::json!({
            "expect": {"countries": ["us"], "ship_to": "us"}, "history": history(),
            "obs": [{"family": 4, "country": "US", "class": "residential"}],
            "fleet": {"first_checkin_country": "US"},
        }));
        assert_eq!((shipped.verdict.as_str(), shipped.score), ("match", Some(0)));
        let denied = result(serde_json::json!({
            "expect": {"countries": ["US"]}, "history": history(),
            "obs": [{"family": 4, "country": "KP", "alt_country": "kp", "class": "residential"}],
        }));
        assert_eq!(denied.severity, "critical");
        for zone in ["asia/shanghai", ":Asia/Shanghai", "posix/Asia/Shanghai"] {
            let away = result(serde_json::json!({
                "expect": {"countries": ["US"]}, "history": history(), "device": {"tz": zone},
                "obs": [{"family": 4, "country": "US", "class": "residential"}],
            }));
            assert_eq!(away.groups.clock, 20, "{zone}");
        }
    }

    #[test]
    fn codes_of_no_country_place_nobody() {
        for code in ["AN", "ZZ", "", "EU", "A1"] {
            let placed = result(serde_json::json!({
                "expect": {"countries": ["US"]}, "history": history(),
                "obs": [{"family": 4, "country": code, "class": "residential"}],
            }));
            assert_eq!((placed.groups.location, placed.verdict.as_str()), (0, "match"), "{code}");
        }
        let old = result(serde_json::json!({
            "expect": {"countries": ["FR"]}, "history": history(),
            "obs": [{"family": 4, "country": "FX", "class": "residential"}],
        }));
        assert_eq!(old.score, Some(0));
        let (none, aside) = normal(
            &serde_json::from_value(serde_json::json!({"expect": {"countries": ["USA"]}})).unwrap(),
            zones(),
        );
        assert!(none.expect.countries.is_empty() && aside[0].contains("`USA`"));
    }

    #[test]
    fn what_cannot_be_is_set_aside_and_said() {
        let odd = result(serde_json::json!({
            "expect": {"countries": ["US"]}, "history": history(),
            "obs": [{"family": 4, "country": "US", "class": "residential"}],
            "travel": {"from_class": "residential", "to_class": "residential", "km": 5000, "hours": -2},
            "rtt": {"anchors": [{"name": "x", "lat": 932.7, "lon": 0, "country": "US", "min_rtt_ms": 4, "border_km": 900}],
                    "cross_layer": {"tcp_ms": -200, "app_ms": 10, "n": 20}},
        }));
        assert_eq!((odd.score, odd.findings.len()), (Some(0), 0));
        assert_eq!(odd.why.iter().filter(|line| line.contains("set aside")).count(), 3);
    }

    #[test]
    fn where_nothing_was_seen_nothing_fits() {
        let blind = result(serde_json::json!({"expect": {"countries": ["US"]}, "obs": []}));
        assert_eq!((blind.verdict.as_str(), blind.confidence.as_deref()), ("inconclusive", Some("low")));
    }
}
