//! Whether a sign-in came from where the device was at the same minutes.
//!
//! Always: only a device that was itself heard within minutes is compared; a company network and a browser's relay explain a
//! sign-in, and so does a phone in the same country; another country or another network alone is what is left.

use bearing_policies::place::EgressClass;
use bearing_store::{Sighting, SignInRow, SourceSeen};
use jiff::SignedDuration;

/// How far a device's messages may be from the sign-in.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// Where the device was instead, where that is another place.
pub(super) fn elsewhere<'a>(sign_in: &SignInRow, runs: &'a [Sighting]) -> Option<&'a SourceSeen> {
    use EgressClass::{Corporate, Relay};
    let class = class_of(&sign_in.source.class);
    if matches!(class, Corporate | Relay) || sign_in.source.country.is_none() {
        return None;
    }
    let near: Vec<_> = runs
        .iter()
        .filter(|run| {
            run.first_seen.saturating_sub(WINDOW).is_ok_and(|first| first <= sign_in.at)
                && run.last_seen.saturating_add(WINDOW).is_ok_and(|last| last >= sign_in.at)
        })
        .collect();
    if near.iter().any(|run| explains(&run.source, &sign_in.source, class)) {
        return None;
    }
    near.first().map(|run| &run.source)
}

/// Whether a device there explains a sign-in from here.
fn explains(device: &SourceSeen, sign_in: &SourceSeen, class: EgressClass) -> bool {
    let same_country = device.country.is_none()
        || device.country == sign_in.country
        || (device.alt_country.is_some() && device.alt_country == sign_in.alt_country);
    let same_network = device.asn.is_none() || sign_in.asn.is_none() || device.asn == sign_in.asn;
    device.digest == sign_in.digest
        || class_of(&device.class) == EgressClass::Corporate
        || (same_country && (same_network || class == EgressClass::Mobile))
}

fn class_of(word: &str) -> EgressClass {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bearing_protocol::Timestamp;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
    }

    fn source(digest: &str, country: &str, asn: u32, class: &str) -> SourceSeen {
        SourceSeen {
            family: 4,
            digest: digest.to_owned(),
            address: None,
            country: Some(country.to_owned()),
            alt_country: Some(country.to_owned()),
            asn: Some(asn),
            class: class.to_owned(),
        }
    }

    fn run(source: SourceSeen, from: i64, until: i64) -> Sighting {
        Sighting { source, first_seen: at(from), last_seen: at(until), seen: 3 }
    }

    fn judged(from: SourceSeen, minute: i64) -> bool {
        let sign_in = SignInRow {
            event: "e".to_owned(),
            person: "p".to_owned(),
            provider: "okta".to_owned(),
            at: at(minute),
            source: from,
        };
        let runs = [run(source("home", "DE", 3_320, "residential"), 0, 60)];
        elsewhere(&sign_in, &runs).is_some()
    }

    #[test]
    fn another_country_in_the_same_minutes_is_elsewhere() {
        assert!(judged(source("x", "CN", 4_134, "residential"), 30));
        assert!(judged(source("x", "CN", 4_134, "residential"), 69), "ten minutes around");
        assert!(!judged(source("x", "CN", 4_134, "residential"), 71), "the device was not heard then");
        assert!(judged(source("x", "DE", 24_940, "hosting"), 30), "another network of the same country");
    }

    #[test]
    fn what_explains_a_sign_in_is_not_elsewhere() {
        assert!(!judged(source("home", "DE", 3_320, "residential"), 30));
        assert!(!judged(source("x", "DE", 3_320, "residential"), 30), "the same provider, a new address");
        assert!(!judged(source("x", "US", 36_183, "relay"), 30), "a browser's relay");
        assert!(!judged(source("x", "US", 64_496, "corporate"), 30));
        assert!(!judged(source("x", "DE", 20_810, "mobile"), 30), "a phone");
        let nowhere = SourceSeen { country: None, ..source("x", "DE", 1, "unknown") };
        assert!(!judged(nowhere, 30));
    }
}
