//! GE-02: the zone against the country that the Wi-Fi radio follows. GE-04: a session's zone against the system's.
//!
//! Always: zones are compared by all countries where they are civil time, never by one; UTC and fixed offsets say nothing.

use bearing_protocol::{
    coverage::Source,
    outcome::Outcome,
    severity::{Confidence, Severity},
};

use crate::{
    detect::{Context, Draft, evidence},
    place::zones,
};

pub(super) fn report_wifi(context: &mut Context<'_>) {
    let facts = context.facts;
    let name = facts.time_zone.name.as_deref().unwrap_or_default();
    let (Some(country), Some(zone)) = (facts.network.wifi_country.as_deref(), zones().zone(name)) else {
        let reason = "the zone, the country that the radio follows, or both say nothing about a place";
        context.settle("GE-02", Outcome::NotApplicable, reason);
        return;
    };
    let near = zone.countries.iter().any(|other| other == country || zones().adjacent(other, country));
    if near || zones().offsets(country).iter().any(|offset| (offset - zone.offset_hours).abs() < 1.0) {
        return;
    }
    let automatic = facts.time_zone.automatic == Some(true);
    let severity = if automatic { Severity::Low } else { Severity::Informational };
    let location = facts.time_zone.location.clone().unwrap_or_else(|| "system".to_owned());
    let by_whom = if automatic { "which the system sets from where it is" } else { "which somebody set" };
    context.report(Draft {
        rule: "GE-02",
        severity: Some(severity),
        confidence: Confidence::Low,
        title: format!("The Wi-Fi radio follows the rules of {country}, the clock those of {name}"),
        subject: "place:wifi-country".into(),
        product: None,
        cause: "wifi-country against zone".into(),
        evidence: vec![
            evidence(
                Source::WifiRegulatory,
                "kernel",
                "regulatory country",
                country,
                "access points nearby or the radio's firmware name this country",
            ),
            evidence(
                Source::TimeZone,
                location,
                "zone",
                name,
                format!("no civil time there; a zone {by_whom}"),
            ),
        ],
    });
}

pub(super) fn report_sessions(context: &mut Context<'_>) {
    let facts = context.facts;
    let Some(system) = facts.time_zone.name.as_deref().and_then(|name| zones().zone(name)) else { return };
    let mut drafts = Vec::new();
    for session in &facts.sessions {
        let Some(name) = session.time_zone.as_deref() else { continue };
        let Some(zone) = zones().zone(name) else { continue };
        let apart = (zone.offset_hours - system.offset_hours).abs();
        if apart < LEAST_HOURS || !zone.countries.is_disjoint(&system.countries) {
            continue;
        }
        let remote = session.remote == Some(true);
        let (severity, whose) =
            if remote { (Severity::Low, "a remote session") } else { (Severity::Informational, "a session") };
        let service = session.service.clone().unwrap_or_else(|| "session".to_owned());
        drafts.push(Draft {
            rule: "GE-04",
            severity: Some(severity),
            confidence: Confidence::Low,
            title: format!("The clock of {whose} is set to another part of the world"),
            subject: "place:session-zone".into(),
            product: None,
            cause: format!("session zone {}", if remote { "remote" } else { "local" }),
            evidence: vec![evidence(
                Source::Sessions,
                service,
                "zone of the session",
                name,
                format!("{apart:.1} hours from the system's zone, and no country has both"),
            )],
        });
    }
    for draft in drafts {
        context.report(draft);
    }
}

/// Zones that are nearer to each other are neighbours'.
const LEAST_HOURS: f64 = 1.0;
