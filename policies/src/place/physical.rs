//! What physics and radios say: refutation and confirmation.

use super::{
    geodesy::distance_km,
    input::{Anchor, KnownNetwork, PlaceCase},
    model::PlaceModel,
    part::{Allowed, Finding, Part},
};

pub(super) fn evaluate(case: &PlaceCase, allowed: &Allowed, model: &PlaceModel) -> Part {
    let weights = &model.physical;
    let mut part = Part::default();
    let mut offsets = 0;
    let usable: Vec<_> =
        case.rtt.anchors.iter().filter(|a| a.min_rtt_ms.is_finite() && a.min_rtt_ms > 0.0).collect();
    if let Some(anchor) = usable.iter().find(|anchor| confirms(anchor, allowed, weights.km_per_ms)) {
        offsets += weights.rtt_confirms;
        part.confirmed = true;
        part.why.push(format!(
            "anchor {} answers in {:.1} ms, which reaches no border: {}",
            anchor.name, anchor.min_rtt_ms, weights.rtt_confirms
        ));
    }
    if let Some(anchor) = infeasible(case, &usable, allowed, model) {
        let why = format!(
            "anchor {} answers in {:.1} ms, so the answering end is within {:.0} km of it, and the claim is not: {}",
            anchor.name,
            anchor.min_rtt_ms,
            anchor.min_rtt_ms * weights.km_per_ms,
            weights.rtt_infeasible
        );
        part.add(Finding::RttInfeasible, weights.rtt_infeasible, why);
        part.hard.push("round trip cannot fit");
    }
    if let Some(location) =
        case.device.os_location.as_ref().filter(|l| l.accuracy_km <= weights.os_location_km)
    {
        if allowed.has(&location.country) {
            offsets += weights.os_location_confirms;
            part.confirmed = true;
            part.why.push(format!("OS location agrees: {}", weights.os_location_confirms));
        } else {
            let why = format!("OS location is {}: {}", location.country, weights.os_location_elsewhere);
            part.add(Finding::OsLocationMismatch, weights.os_location_elsewhere, why);
            part.hard.push("OS location elsewhere");
        }
    }
    if let Some(country) = case.device.wifi_reg.as_deref().filter(|c| is_country(c)) {
        if allowed.has(country) {
            offsets += weights.wifi_agrees;
            part.why.push(format!("Wi-Fi regulatory country agrees: {}", weights.wifi_agrees));
        } else {
            let why = format!("Wi-Fi regulatory country is {country}: {}", weights.wifi_elsewhere);
            part.add(Finding::WifiRegulatory, weights.wifi_elsewhere, why);
        }
    }
    if case.device.known_network == KnownNetwork::Known {
        offsets += weights.known_network;
        part.why.push(format!("a known network is near: {}", weights.known_network));
    }
    part.points = (part.sum() + offsets).clamp(weights.floor, weights.cap);
    part
}

/// Whether a regulatory domain names a country: two letters, and none of the codes that mean "no country".
pub(super) fn is_country(code: &str) -> bool {
    code.len() == 2
        && code.bytes().all(|b| b.is_ascii_alphabetic())
        && !matches!(code, "ZZ" | "XX" | "AA" | "QM" | "XZ")
}

fn confirms(anchor: &Anchor, allowed: &Allowed, km_per_ms: f64) -> bool {
    anchor.country.as_ref().is_some_and(|country| allowed.has(country))
        && anchor.border_km.is_some_and(|border| anchor.min_rtt_ms * km_per_ms <= border)
}

/// An anchor whose disc reaches no part of the claim. `None` also where the claim's extent is not known.
fn infeasible<'a>(
    case: &PlaceCase,
    anchors: &[&'a Anchor],
    allowed: &Allowed,
    model: &PlaceModel,
) -> Option<&'a Anchor> {
    let discs = claim(case, allowed, model);
    anchors.iter().copied().find(|anchor| {
        let reach_km = anchor.min_rtt_ms * model.physical.km_per_ms;
        let away_km = anchor.claim_km.or_else(|| {
            let here = (anchor.lat, anchor.lon);
            let away = discs.iter().map(|disc| distance_km(here, (disc.0, disc.1)) - disc.2);
            away.min_by(f64::total_cmp)
        });
        away_km.is_some_and(|away_km| away_km > reach_km)
    })
}

/// The discs of where the device may be: the declared home, or the declared countries; and those of active trips.
/// Empty where a country's extent is not known: it refutes nothing.
fn claim(case: &PlaceCase, allowed: &Allowed, model: &PlaceModel) -> Vec<(f64, f64, f64)> {
    let mut discs = Vec::new();
    let mut countries: Vec<&str> = allowed.iter().collect();
    if let Some(home) = &case.expect.home {
        discs.push((home.lat, home.lon, home.radius_km));
        countries.retain(|country| {
            !case.expect.countries.iter().any(|declared| declared.eq_ignore_ascii_case(country))
        });
    }
    for country in countries {
        match model.discs.get(country) {
            Some(known) => discs.extend_from_slice(known),
            None => return Vec::new(),
        }
    }
    discs
}
