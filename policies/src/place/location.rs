//! Where the address says the device is.

use super::{
    input::{EgressClass, Observation, PlaceCase},
    model::PlaceModel,
    part::{Allowed, Finding, Part},
    tables::Zones,
};

/// Whether an address of this class says anything about where the device is.
pub(super) const fn locatable(class: EgressClass) -> bool {
    use EgressClass::{Mobile, Relay, Residential, Satellite, Unknown};
    matches!(class, Residential | Unknown | Mobile | Satellite | Relay)
}

/// Whether another address family is seen inside the allowed countries.
pub(super) fn split(case: &PlaceCase, allowed: &Allowed, one: &Observation) -> bool {
    case.obs.iter().any(|other| {
        other.family != one.family
            && locatable(other.class)
            && other.country.as_ref().is_some_and(|c| allowed.has(c))
    })
}

struct Located {
    points: i64,
    denied: i64,
    split: bool,
    why: String,
    denied_country: bool,
}

pub(super) fn evaluate(case: &PlaceCase, allowed: &Allowed, model: &PlaceModel, zones: &Zones) -> Part {
    let weights = &model.location;
    let mut part = Part::default();
    let best = case
        .obs
        .iter()
        .filter_map(|one| locate(case, allowed, model, zones, one))
        .max_by_key(|located| located.points + located.denied);
    let (mut mismatch, mut denied) = (0, 0);
    if let Some(located) = best {
        (mismatch, denied) = (located.points, located.denied);
        let name = if located.split { Finding::FamilySplit } else { Finding::CountryMismatch };
        part.add(name, mismatch, located.why);
        if located.denied_country && denied > 0 {
            part.add(
                Finding::DeniedCountry,
                denied,
                format!("that country is denied, and a second source agrees: +{denied}"),
            );
            part.hard.push("denied country, corroborated");
        }
    }
    let mut travel = 0;
    if let Some(fixes) = &case.travel {
        let fast =
            fixes.km >= weights.travel_km && fixes.km >= weights.travel_km_per_hour * fixes.hours.max(0.0);
        let fixed = |class| matches!(class, EgressClass::Residential | EgressClass::Unknown);
        if fast && fixed(fixes.from_class) && fixed(fixes.to_class) {
            travel = weights.impossible_travel;
            let why = format!(
                "{:.0} km in {:.1} h between two fixed lines, faster than {:.0} km/h: {travel}",
                fixes.km, fixes.hours, weights.travel_km_per_hour
            );
            part.add(Finding::ImpossibleTravel, travel, why);
        }
    }
    part.points = (mismatch + denied + travel).min(weights.cap);
    part.not_offset = denied.min(part.points);
    part
}

fn locate(
    case: &PlaceCase,
    allowed: &Allowed,
    model: &PlaceModel,
    zones: &Zones,
    one: &Observation,
) -> Option<Located> {
    let weights = &model.location;
    let country = one.country.as_deref().filter(|country| !allowed.has(country))?;
    let base = match one.class {
        EgressClass::Residential => weights.residential,
        EgressClass::Unknown => weights.unknown,
        EgressClass::Mobile => weights.mobile,
        EgressClass::Satellite => weights.satellite,
        EgressClass::Relay => weights.relay,
        _ => return None,
    };
    let mut points = base;
    let mut why = format!(
        "the IPv{} address is in {country}, outside {}, on a line of class {}: {base}",
        one.family,
        allowed.iter().collect::<Vec<_>>().join(" "),
        one.class.as_str()
    );
    let mut modify = |by: i64, reason: &str| {
        points += by;
        why.push_str(&format!(", {reason} {by}"));
    };
    if one.alt_country.as_ref().is_some_and(|alt| allowed.has(alt)) {
        modify(weights.second_source_in_allowed, "a second source says an allowed country");
    }
    if case.policy.db_age_days.is_some_and(|days| days > weights.old_table_days) {
        modify(weights.old_table, "the table is old");
    }
    if one.family == 6 && !case.obs.iter().any(|other| other.family == 4) {
        modify(weights.ipv6_only, "IPv6 alone");
    }
    let roaming = matches!(one.class, EgressClass::Mobile | EgressClass::Satellite | EgressClass::Relay);
    if (roaming || case.policy.border_tolerance) && allowed.iter().any(|home| zones.adjacent(home, country)) {
        modify(weights.adjacent, "a neighbouring country");
    }
    points = points.max(0);
    let split = split(case, allowed, one);
    if split && points > weights.family_split_cap {
        points = weights.family_split_cap;
        why.push_str(&format!(", the other address family is where it should be: at most {points}"));
    }
    let denied_country = case.policy.denied.as_ref().unwrap_or(&weights.denied).iter().any(|d| d == country);
    let corroborated = one.alt_country.as_deref() == Some(country)
        || one
            .asn
            .is_some_and(|asn| model.asn_home.get(&asn.to_string()).is_some_and(|home| home == country));
    let denied = if denied_country && corroborated { weights.denied_corroborated } else { 0 };
    Some(Located { points, denied, split, why, denied_country })
}
