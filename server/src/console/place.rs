//! The place panel: where the device should be, where it was seen, and how old what we know is.
//!
//! Always: the place severity stays in this panel; it is no finding's severity and never in the score.

use bearing_policies::place::Contradiction;
use bearing_protocol::{
    Timestamp,
    payload::{ObservationPayload, PlaceItem},
};
use bearing_store::{DeviceRow, VerdictRow};
use serde::Deserialize;

use super::view::{When, shown};

/// Most lines of reasons that are shown.
const MAX_WHY: usize = 24;
/// Most trips that are shown.
const MAX_TRIPS: usize = 8;

/// The parts of a place evaluation's answer that are shown. Unknown fields are other readers' business.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    verdict: String,
    severity: String,
    confidence: Option<String>,
    score: Option<i64>,
    findings: Vec<String>,
    why: Vec<String>,
    groups: std::collections::BTreeMap<String, i64>,
    contradictions: Vec<Contradiction>,
    inputs: Inputs,
}

/// What an evaluation rested on, as far as it is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Inputs {
    expected: Vec<String>,
    expected_from: String,
    trips: Vec<TripInput>,
    ship_to: Option<String>,
    first_country: Option<String>,
    wifi_country: Option<String>,
    anchors: Vec<AnchorInput>,
    transport_ms: Option<f64>,
    application_ms: Option<f64>,
    workers_same_address: u32,
    observations: u64,
    span_hours: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TripInput {
    countries: Vec<String>,
    from: String,
    until: String,
    state: String,
    counts: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AnchorInput {
    name: String,
    min_rtt_ms: f64,
}

/// A group of evidence and its points.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) points: i64,
}

/// The six groups, in the order of the sum.
const GROUPS: [(&str, &str, &str); 6] = [
    ("location", "Location", "the countries of its addresses"),
    ("egress", "Way out", "what hides where it is"),
    ("clock", "Clock", "its time zone, and those of remote sessions"),
    ("physical", "Physical", "round trips and radios; negative where they agree"),
    ("fleet", "Fleet", "who else is on the line, and where it was shipped"),
    ("human", "Human", "remote control, beside other things"),
];

/// What would explain a finding innocently.
const DISPROOF: [(&str, &str); 9] = [
    (
        "country_mismatch",
        "Ask where the person is and what line they use; a trip can be announced afterwards. See whether the second source agrees.",
    ),
    (
        "denied_country",
        "Have the address looked up by hand: tables put junk there. It counts only because a second source agrees.",
    ),
    (
        "family_split",
        "One address family is where it should be: a VPN for the other, or a tunnel broker, explains it.",
    ),
    ("timezone_mismatch", "People keep the time of home. Ask, and look at it beside the other groups."),
    ("egress_concealed", "Ask what the VPN is for; enter the organisation's own exits as sites."),
    (
        "relayed_transport",
        "An inspecting proxy or a very busy machine answers late: measure again from another network.",
    ),
    (
        "rtt_infeasible",
        "Check the anchor's coordinates in policy, then probe it from a machine whose place is known.",
    ),
    ("wifi_regulatory", "An imported router says the same: ask which access point is near."),
    ("shipping_mismatch", "Ask who unpacked it: a hand-over in an office or staging by IT explains it."),
];

/// A table the country was looked up in.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) built: String,
    pub(super) age_days: Option<i64>,
}

/// The panel.
#[derive(Clone, Debug)]
pub(super) struct PlacePanel {
    pub(super) expected: String,
    pub(super) country: Option<String>,
    pub(super) second: Option<String>,
    pub(super) asn: Option<u32>,
    pub(super) class: Option<String>,
    pub(super) observed: Option<When>,
    pub(super) time_zone: Option<String>,
    pub(super) time_zone_automatic: Option<bool>,
    pub(super) session_zones: String,
    pub(super) tunnel: Option<bool>,
    pub(super) tables: Vec<Table>,
    pub(super) verdict: Option<&'static str>,
    pub(super) severity: String,
    pub(super) confidence: Option<String>,
    pub(super) score: Option<i64>,
    pub(super) findings: Vec<String>,
    pub(super) why: Vec<String>,
    pub(super) expected_from: String,
    pub(super) other_family: Option<(u8, String, When)>,
    pub(super) trips: Vec<(String, &'static str)>,
    pub(super) shipping: Option<(String, String)>,
    pub(super) wifi: Option<String>,
    pub(super) round_trips: Vec<String>,
    pub(super) workers: u32,
    pub(super) history: Option<String>,
    pub(super) groups: Vec<Group>,
    pub(super) contradictions: Vec<Contradiction>,
    pub(super) disproof: Vec<&'static str>,
}

impl PlacePanel {
    pub(super) fn of(
        device: &DeviceRow,
        verdict: Option<&VerdictRow>,
        seen: Option<&ObservationPayload>,
        item: Option<&PlaceItem>,
        now: Timestamp,
    ) -> Self {
        let answer = verdict
            .and_then(|verdict| verdict.place.as_ref())
            .and_then(|place| Answer::deserialize(place).ok());
        let known = answer.is_some();
        let answer = answer.unwrap_or_default();
        let inputs = &answer.inputs;
        let expected = if inputs.expected.is_empty() { &device.expected_countries } else { &inputs.expected };
        Self {
            expected: words(expected, ", "),
            expected_from: shown(&inputs.expected_from),
            other_family: seen.and_then(|seen| seen.other_family.as_ref()).map(|other| {
                let country = other.country.as_deref().unwrap_or("no country known");
                let text = format!("{}, by way of {}", shown(country), shown(&other.egress_class));
                (other.address_family, text, When::at(other.seen_at, now))
            }),
            trips: inputs.trips.iter().take(MAX_TRIPS).map(trip).collect(),
            shipping: inputs
                .ship_to
                .as_deref()
                .zip(inputs.first_country.as_deref())
                .map(|(a, b)| (shown(a), shown(b))),
            wifi: inputs.wifi_country.as_deref().map(shown),
            round_trips: round_trips(inputs),
            workers: inputs.workers_same_address,
            history: (inputs.observations > 0)
                .then(|| format!("{} messages over {:.0} hours", inputs.observations, inputs.span_hours)),
            groups: if answer.score.is_some() { groups(&answer) } else { Vec::new() },
            disproof: DISPROOF
                .iter()
                .filter(|(name, _)| {
                    answer.findings.iter().any(|found| found.strip_prefix("geo.") == Some(name))
                })
                .map(|(_, text)| *text)
                .collect(),
            country: device.country.as_deref().map(shown),
            second: seen.and_then(|seen| seen.alt_country.as_deref()).map(shown),
            asn: device.asn,
            class: device.egress_class.as_deref().map(shown),
            observed: seen.map(|seen| When::at(seen.received_at, now)),
            time_zone: item.and_then(|item| item.time_zone.as_deref()).map(shown),
            time_zone_automatic: item.and_then(|item| item.time_zone_automatic),
            session_zones: item
                .map(|item| {
                    item.session_time_zones.iter().map(|zone| shown(zone)).collect::<Vec<_>>().join(", ")
                })
                .unwrap_or_default(),
            tunnel: item.and_then(|item| item.default_route_tunnel),
            tables: seen
                .map(|seen| seen.tables.iter().map(|t| table(&t.name, &t.built, now)).collect())
                .unwrap_or_default(),
            verdict: if known { Some(word(&answer.verdict)) } else { None },
            severity: shown(&answer.severity),
            confidence: answer.confidence.as_deref().map(shown),
            score: answer.score,
            findings: answer
                .findings
                .iter()
                .map(|name| shown(&name.trim_start_matches("geo.").replace('_', " ")))
                .collect(),
            why: answer.why.iter().take(MAX_WHY).map(|line| shown(line)).collect(),
            contradictions: answer
                .contradictions
                .into_iter()
                .map(|one| Contradiction { text: shown(&one.text), innocent: shown(&one.innocent), ..one })
                .collect(),
        }
    }
}

fn words(list: &[String], between: &str) -> String {
    list.iter().map(|word| shown(word)).collect::<Vec<_>>().join(between)
}

fn trip(trip: &TripInput) -> (String, &'static str) {
    let text = format!(
        "{}, {} to {}, {}",
        words(&trip.countries, " "),
        shown(&trip.from),
        shown(&trip.until),
        shown(&trip.state)
    );
    (text, if trip.counts { "counts" } else { "does not count" })
}

fn round_trips(inputs: &Inputs) -> Vec<String> {
    let anchors =
        inputs.anchors.iter().map(|anchor| format!("{} {:.1} ms", shown(&anchor.name), anchor.min_rtt_ms));
    let layers = inputs.transport_ms.zip(inputs.application_ms).map(|(transport, application)| {
        format!("transport {transport:.0} ms, signed answers {application:.0} ms")
    });
    anchors.chain(layers).collect()
}

fn groups(answer: &Answer) -> Vec<Group> {
    GROUPS
        .iter()
        .map(|(key, name, about)| Group {
            name,
            about,
            points: answer.groups.get(*key).copied().unwrap_or(0),
        })
        .collect()
}

fn table(name: &str, built: &str, now: Timestamp) -> Table {
    let age_days = built.parse::<jiff::civil::Date>().ok().and_then(|day| {
        let made = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some((now.as_second() - made.as_second()) / 86_400)
    });
    Table { name: shown(name), built: shown(built), age_days }
}

fn word(verdict: &str) -> &'static str {
    match verdict {
        "match" => "Fits what is expected",
        "mismatch" => "Does not fit",
        "concealed" => "Concealed",
        "cluster" => "Shared with others",
        "no_expectation" => "Nothing expected of it",
        _ => "Inconclusive",
    }
}
