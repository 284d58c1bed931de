//! What a device contradicts of itself: said without any expectation, so on the first day.
//!
//! Always: these are facts to look at, no findings and no points; a fact that says nothing about a place (a VPN's
//! address, UTC, the world domain) contradicts nothing.

use serde::{Deserialize, Serialize};

use super::{
    geodesy::distance_km,
    input::{Anchor, Observation, PlaceCase},
    location::locatable,
    model::PlaceModel,
    physical::is_country,
    tables::zones,
};

/// Two things a device shows that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// `zone_and_address`, `families`, `zone_and_wifi`, `round_trip_and_address`, `transport_and_application`.
    pub kind: String,
    /// Both sides, in words.
    pub text: String,
    /// What would explain it innocently.
    pub innocent: String,
}

fn of(kind: &str, text: String, innocent: &str) -> Contradiction {
    Contradiction { kind: kind.to_owned(), text, innocent: innocent.to_owned() }
}

/// Everything in a case that contradicts itself.
/// `country_km` is the distance from an anchor to a country, where outlines are at hand; the model's discs stand for them.
pub fn contradictions(
    case: &PlaceCase,
    model: &PlaceModel,
    country_km: &dyn Fn(&Anchor, &str) -> Option<f64>,
) -> Vec<Contradiction> {
    let mut found = Vec::new();
    found.extend(zone_and_address(case));
    found.extend(families(case));
    found.extend(zone_and_wifi(case));
    found.extend(round_trip_and_address(case, model, country_km));
    found.extend(transport_and_application(case, model));
    found
}

/// Observations that say in which country the device is.
fn located(case: &PlaceCase) -> impl Iterator<Item = (&Observation, &str)> {
    case.obs
        .iter()
        .filter(|one| locatable(one.class))
        .filter_map(|one| one.country.as_deref().map(|country| (one, country)))
}

fn zone_and_address(case: &PlaceCase) -> Option<Contradiction> {
    let name = case.device.tz.as_deref().filter(|_| case.device.auto_tz == Some(true))?;
    let zone = zones().zone(name)?;
    let fits = |country: &str| zone.countries.contains(country);
    let (one, country) = located(case).next()?;
    if fits(country)
        || one.alt_country.as_deref().is_some_and(fits)
        || located(case).any(|(_, other)| fits(other))
    {
        return None;
    }
    let text = format!(
        "the system sets its clock to {name} from where it is, and the IPv{} address is in {country}",
        one.family
    );
    Some(of(
        "zone_and_address",
        text,
        "an outdated address table, or roaming that leaves the network at home",
    ))
}

fn families(case: &PlaceCase) -> Option<Contradiction> {
    let (four, here) = located(case).find(|(one, _)| one.family == 4)?;
    let (six, there) = located(case).find(|(one, _)| one.family == 6)?;
    let agrees = |one: &Observation, country: &str| one.alt_country.as_deref() == Some(country);
    if here == there || agrees(four, there) || agrees(six, here) {
        return None;
    }
    let text = format!("the IPv4 address is in {here}, the IPv6 address in {there}");
    Some(of("families", text, "an IPv6 tunnel broker, or a table that knows IPv6 badly"))
}

fn zone_and_wifi(case: &PlaceCase) -> Option<Contradiction> {
    let name = case.device.tz.as_deref()?;
    let country = case.device.wifi_reg.as_deref().filter(|country| is_country(country))?;
    let zone = zones().zone(name)?;
    if zone.countries.iter().any(|one| one.eq_ignore_ascii_case(country)) {
        return None;
    }
    let text = format!("the clock is set to {name}, and access points around it are set to {country}");
    Some(of("zone_and_wifi", text, "an imported router, or somebody who keeps the time of home"))
}

fn round_trip_and_address(
    case: &PlaceCase,
    model: &PlaceModel,
    country_km: &dyn Fn(&Anchor, &str) -> Option<f64>,
) -> Option<Contradiction> {
    let (one, country) = located(case).next()?;
    let by_discs = |anchor: &Anchor| {
        let discs = model.discs.get(country)?.iter();
        discs
            .map(|disc| distance_km((anchor.lat, anchor.lon), (disc.0, disc.1)) - disc.2)
            .min_by(f64::total_cmp)
    };
    let anchor = case.rtt.anchors.iter().find(|anchor| {
        let reach_km = anchor.min_rtt_ms * model.physical.km_per_ms;
        let away_km = country_km(anchor, country).or_else(|| by_discs(anchor));
        anchor.min_rtt_ms > 0.0 && away_km.is_some_and(|away_km| away_km > reach_km)
    })?;
    let text = format!(
        "anchor {} answers in {:.1} ms, so the device is within {:.0} km of it, and the IPv{} address is in {country}",
        anchor.name,
        anchor.min_rtt_ms,
        anchor.min_rtt_ms * model.physical.km_per_ms,
        one.family
    );
    Some(of("round_trip_and_address", text, "an anchor whose place is written wrongly in policy"))
}

fn transport_and_application(case: &PlaceCase, model: &PlaceModel) -> Option<Contradiction> {
    let cross = case.rtt.cross_layer.as_ref()?;
    let weights = &model.egress;
    let gap = cross.app_ms - cross.tcp_ms;
    if cross.n < weights.relayed_samples || gap < weights.relayed_ms.max(weights.relayed_ratio * cross.tcp_ms)
    {
        return None;
    }
    let text = format!(
        "the connection answers in {:.0} ms, what the device signs comes back after {:.0} ms: the connection ends before the device",
        cross.tcp_ms, cross.app_ms
    );
    Some(of(
        "transport_and_application",
        text,
        "an inspecting proxy of the organisation, or a very busy machine",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn kinds(case: &Value) -> Vec<String> {
        let case: PlaceCase = serde_json::from_value(case.clone()).unwrap();
        let model = PlaceModel::embedded().unwrap();
        contradictions(&case, model, &|_, _| None).into_iter().map(|found| found.kind).collect()
    }

    #[test]
    fn an_automatic_zone_contradicts_an_address_and_a_chosen_one_does_not() {
        let case = |auto: bool, class: &str| {
            json!({"obs": [{"family": 4, "country": "US", "class": class}],
                "device": {"tz": "Asia/Shanghai", "auto_tz": auto}})
        };
        assert_eq!(kinds(&case(true, "residential")), ["zone_and_address"]);
        assert!(kinds(&case(false, "residential")).is_empty());
        assert!(kinds(&case(true, "vpn")).is_empty(), "a VPN's address says nothing of where the device is");
    }

    #[test]
    fn families_in_two_countries_contradict_unless_a_second_source_reconciles_them() {
        let case = |alt: Value| {
            json!({"obs": [{"family": 4, "country": "US", "class": "residential"},
                {"family": 6, "country": "CN", "alt_country": alt, "class": "residential"}]})
        };
        assert_eq!(kinds(&case(Value::Null)), ["families"]);
        assert!(kinds(&case(json!("US"))).is_empty());
    }

    #[test]
    fn zone_wifi_and_round_trips() {
        assert_eq!(kinds(&json!({"device": {"tz": "America/Chicago", "wifi_reg": "CN"}})), ["zone_and_wifi"]);
        assert!(kinds(&json!({"device": {"tz": "UTC", "wifi_reg": "CN"}})).is_empty());
        assert!(kinds(&json!({"device": {"tz": "Asia/Shanghai", "wifi_reg": "00"}})).is_empty());
        let near_tokyo = json!({"obs": [{"family": 4, "country": "US", "class": "residential"}],
            "rtt": {"anchors": [{"name": "nrt", "lat": 35.7, "lon": 139.7, "min_rtt_ms": 10.0}],
                "cross_layer": {"tcp_ms": 20, "app_ms": 210, "n": 8}}});
        assert_eq!(kinds(&near_tokyo), ["round_trip_and_address", "transport_and_application"]);
    }
}
