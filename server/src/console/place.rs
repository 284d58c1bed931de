//! The place panel: where the device should be, where it was seen, and how old what we know is.
//!
//! Always: the place severity stays in this panel; it is no finding's severity and never in the score.

use bearing_protocol::{
    Timestamp,
    payload::{ObservationPayload, PlaceItem},
};
use bearing_store::{DeviceRow, VerdictRow};
use serde::Deserialize;

use super::view::{When, shown};

/// Most lines of reasons that are shown.
const MAX_WHY: usize = 24;

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
}

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
        Self {
            expected: device.expected_countries.iter().map(|code| shown(code)).collect::<Vec<_>>().join(", "),
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
            findings: answer.findings.iter().map(|name| shown(&name.replace('_', " "))).collect(),
            why: answer.why.iter().take(MAX_WHY).map(|line| shown(line)).collect(),
        }
    }
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
