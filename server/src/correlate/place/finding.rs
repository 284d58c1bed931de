//! Findings of the place evaluation: the catalogue's severity, the arithmetic, the age of what it rests on.
//!
//! Always: a rule counts as assessed only where its data were there; the place severity stays in the panel; without an
//! expectation nothing is found but what needs none (an egress that flaps, an address that never changes).

use bearing_policies::place::rule_of;
use bearing_protocol::{
    coverage::Source,
    fact::MachineKind,
    finding::{Evidence, Finding},
    rule::RuleId,
    severity::Confidence,
    text::printable,
};

use super::super::{
    place::Place,
    wording::{
        CONCEALED, COUNTRY, ELSEWHERE, FLAP, RELAYED, ROUND_TRIP, SHIPPING, STILL, Wording, ZONE, evidence,
    },
};

/// Longest text of evidence, in characters.
const MAX_CHARS: usize = 200;

/// What speaks for one rule.
struct Voice {
    wording: &'static Wording,
    shape: &'static str,
    subject: &'static str,
    source: Source,
}

const VOICES: [Voice; 8] = [
    Voice { wording: &COUNTRY, shape: "country", subject: "place:country", source: Source::Routes },
    Voice { wording: &ELSEWHERE, shape: "elsewhere", subject: "place:radio", source: Source::Interfaces },
    Voice { wording: &ZONE, shape: "time-zone", subject: "place:time-zone", source: Source::TimeZone },
    Voice { wording: &SHIPPING, shape: "shipping", subject: "place:shipping", source: Source::Routes },
    Voice { wording: &FLAP, shape: "travel", subject: "place:travel", source: Source::Routes },
    Voice { wording: &ROUND_TRIP, shape: "round-trip", subject: "place:round-trip", source: Source::Routes },
    Voice { wording: &CONCEALED, shape: "egress", subject: "place:egress", source: Source::Routes },
    Voice { wording: &RELAYED, shape: "relayed", subject: "place:transport", source: Source::Routes },
];

/// Rules about which a report's place evaluation says something.
pub(in crate::correlate) fn assessed(place: &Place) -> Vec<RuleId> {
    let case = &place.case;
    let mut rules = Vec::new();
    if !case.obs.is_empty() {
        rules.extend([FLAP.rule(), STILL.rule()]);
    }
    if place.is_assessed() {
        rules.extend([COUNTRY.rule(), CONCEALED.rule()]);
        let conditional = [
            (case.device.tz.is_some(), &ZONE),
            (case.device.wifi_reg.is_some() || case.device.os_location.is_some(), &ELSEWHERE),
            (case.expect.ship_to.is_some() && case.fleet.first_checkin_country.is_some(), &SHIPPING),
            (!case.rtt.anchors.is_empty(), &ROUND_TRIP),
            (case.rtt.cross_layer.is_some(), &RELAYED),
        ];
        rules.extend(conditional.into_iter().filter(|(there, _)| *there).map(|(_, wording)| wording.rule()));
    }
    rules.into_iter().flatten().collect()
}

/// The findings.
pub(in crate::correlate) fn findings(place: &Place, machine: MachineKind) -> Vec<Finding> {
    let mut findings: Vec<_> = VOICES.iter().filter_map(|voice| spoken(place, voice)).collect();
    findings.extend(flap(place));
    findings.extend(still(place, machine));
    findings
}

/// The finding of one rule, from all that the evaluation found for it.
fn spoken(place: &Place, voice: &Voice) -> Option<Finding> {
    let rule = voice.wording.rule()?;
    let found: Vec<_> = place.found().filter(|(name, _)| rule_of(name) == Some(rule)).collect();
    if found.is_empty() {
        return None;
    }
    let mut shown: Vec<Evidence> = found
        .iter()
        .map(|(name, reason)| {
            let name = name.trim_start_matches("geo.").replace('_', " ");
            evidence(
                voice.source,
                "place evaluation",
                &name,
                printable(reason, MAX_CHARS),
                "Its points in the sum.",
            )
        })
        .collect();
    shown.extend(base(place));
    let confidence =
        if found.iter().any(|(name, _)| *name == "geo.denied_country" || *name == "geo.rtt_infeasible") {
            Confidence::High
        } else if voice.wording.is_low() {
            Confidence::Low
        } else {
            Confidence::Medium
        };
    let title = printable(&title(place, voice.shape), MAX_CHARS);
    voice.wording.finding(voice.shape, confidence, title, voice.subject, shown)
}

/// What every finding about a place rests on: the expectation, the sum, the age of the tables.
fn base(place: &Place) -> Vec<Evidence> {
    let mut shown = Vec::new();
    if !place.case.expect.countries.is_empty() {
        shown.push(evidence(
            Source::Policy,
            place.expected.from,
            "expected countries",
            printable(&place.expected.words(), MAX_CHARS),
            "Where the device should be, and who says so.",
        ));
        shown.push(evidence(
            Source::Routes,
            "place evaluation",
            "sum",
            printable(&place.sum(), MAX_CHARS),
            "All groups of evidence together. The place severity is shown in the panel and enters no score.",
        ));
    }
    let tables: Vec<_> =
        place.tables.iter().map(|table| format!("{} of {}", table.name, table.built)).collect();
    if !tables.is_empty() {
        shown.push(evidence(
            Source::Routes,
            "server",
            "tables",
            printable(&tables.join("; "), MAX_CHARS),
            "Where countries and networks were looked up, and how old that is.",
        ));
    }
    shown
}

fn title(place: &Place, shape: &str) -> String {
    let case = &place.case;
    let expected = case.expect.countries.join(", ");
    let seen = case
        .obs
        .iter()
        .filter_map(|one| one.country.as_deref())
        .find(|country| !case.expect.countries.iter().any(|known| known == country))
        .or_else(|| case.obs.first().and_then(|one| one.country.as_deref()))
        .unwrap_or("an unknown country");
    let zone = case.device.tz.as_deref().unwrap_or("unknown");
    match shape {
        "country" => format!("Connects from {seen}, expected in {expected}"),
        "elsewhere" => format!(
            "Radios around the device say {}, expected in {expected}",
            case.device.wifi_reg.as_deref().unwrap_or("another country")
        ),
        "time-zone" => match &case.device.session_tz {
            Some(session) => format!("Time zone {zone}, in a session {session}: not one of {expected}"),
            None => format!("Time zone {zone} is not one of {expected}"),
        },
        "shipping" => format!(
            "Shipped to {}, first seen in {}",
            case.expect.ship_to.as_deref().unwrap_or("elsewhere"),
            case.fleet.first_checkin_country.as_deref().unwrap_or("another country")
        ),
        "travel" => match &place.path.travelled {
            Some((from, to)) => format!("From {from} to {to} faster than anybody travels"),
            None => "Faster than anybody travels".to_owned(),
        },
        "round-trip" => format!("Answers an anchor faster than light from {expected} could"),
        "egress" => {
            let class = case.obs.iter().find(|one| {
                use bearing_policies::place::EgressClass::{Hosting, ResidentialProxy, Tor, Vpn};
                matches!(one.class, Hosting | ResidentialProxy | Tor | Vpn)
            });
            let class = class.map_or("another network", |one| one.class.as_str()).replace('_', " ");
            format!("Leaves through a network of class {class}, which hides where the device is")
        }
        _ => "The connection ends before the device: something relays it".to_owned(),
    }
}

fn flap(place: &Place) -> Option<Finding> {
    let flap = place.path.flap.as_ref()?;
    if place.case.expect.countries.contains(&flap.shown) {
        return None;
    }
    let value = format!("{} → {} → {} at {:.0}", flap.usual, flap.shown, flap.usual, flap.at);
    let why = format!(
        "Usually it leaves in {} (class {}). For a moment it left on a fixed line in {} and came back: what hides where the \
         device is may have dropped.",
        flap.usual, flap.class, flap.shown
    );
    let mut shown = vec![evidence(Source::Routes, "connections", "countries in turn", value, &why)];
    shown.extend(base(place));
    let title = format!("The way out showed {} for a moment and returned to {}", flap.shown, flap.usual);
    FLAP.finding("egress-flap", Confidence::Medium, title, "place:egress-flap", shown)
}

fn still(place: &Place, machine: MachineKind) -> Option<Finding> {
    let days = place.path.still_days.filter(|_| machine == MachineKind::Laptop)?;
    let why = "A laptop that never leaves one line in so long a time. People who work from home look the same: it weighs \
               little, and only beside other things.";
    let mut shown =
        vec![evidence(Source::Routes, "connections", "same address", format!("{days} days"), why)];
    shown.extend(base(place));
    let title = format!("The laptop has not changed its network for {days} days");
    // One cause, however many days: the title of a known finding is renewed.
    STILL.finding("still", Confidence::Low, title, "place:still", shown)
}
