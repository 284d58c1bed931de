//! What the server sees of a report beside the agent's findings: place, clock, policy, losses.

use bearing_policies::place::rule_of;
use bearing_protocol::{
    coverage::Source, finding::Finding, payload::ObservationPayload, rule::RuleId, severity::Confidence,
    text::printable,
};
use bearing_store::{Chain, Observed};

use super::{
    clock::Reading,
    open::Stored,
    place::Place,
    wording::{CLOCK, COUNTRY, LOSS, POLICY, SILENCE, ZONE, evidence},
};

/// Longest name of a problem that is shown, in characters.
const MAX_PROBLEM_CHARS: usize = 200;

/// The server's own evaluation of a report.
pub(super) fn server(
    stored: &Stored,
    observation: Option<&ObservationPayload>,
    clock: &Reading,
    place: &Place,
) -> Observed {
    let mut findings = Vec::new();
    // A device that reports is not silent.
    let mut assessed = vec![SILENCE.rule(), POLICY.rule(), LOSS.rule()];
    findings.extend(policy(stored));
    findings.extend(loss(stored));
    if clock.is_assessed() {
        assessed.push(CLOCK.rule());
        findings.extend(clock.finding());
    }
    if place.is_assessed() {
        assessed.extend([COUNTRY.rule(), ZONE.rule()]);
        findings.extend(country(observation, place));
        findings.extend(zone(place));
    }
    Observed {
        device: stored.device.id.clone(),
        origin: "server".to_owned(),
        at: stored.message.received_at,
        findings,
        assessed: assessed.into_iter().flatten().collect(),
        suspended: Vec::new(),
        result: None,
    }
}

fn policy(stored: &Stored) -> Option<Finding> {
    let problems = &stored.report.policy_problems;
    if problems.is_empty() {
        return None;
    }
    let shown = problems
        .iter()
        .map(|problem| {
            let value = printable(problem, MAX_PROBLEM_CHARS);
            evidence(
                Source::Policy,
                "agent",
                "problem",
                value,
                "The agent refused or lacks a policy for this reason.",
            )
        })
        .collect();
    POLICY.finding(
        "policy",
        Confidence::High,
        "The agent reports a problem with its policy".to_owned(),
        "policy:agent",
        shown,
    )
}

fn loss(stored: &Stored) -> Option<Finding> {
    let loss = stored.report.spool_loss.filter(|_| stored.message.chain == Chain::DeclaredLoss)?;
    let value = format!("messages {} to {}", loss.from, loss.to);
    let why = "The agent's spool was full and it says which messages it dropped.";
    let shown = vec![evidence(Source::Spool, "agent", "dropped", value, why)];
    LOSS.finding(
        "spool-loss",
        Confidence::High,
        "Reports were lost before they could be sent".to_owned(),
        "spool:agent",
        shown,
    )
}

/// Whether the place evaluation found something that `rule` speaks for.
fn speaks(place: &Place, rule: Option<RuleId>) -> bool {
    place.findings().iter().any(|name| rule.is_some() && rule_of(name) == rule)
}

fn country(observation: Option<&ObservationPayload>, place: &Place) -> Option<Finding> {
    if !speaks(place, COUNTRY.rule()) {
        return None;
    }
    let observation = observation?;
    let seen = observation.country.as_deref().unwrap_or("an unknown country");
    let expected = place.expected().join(", ");
    let table = observation.tables.first().map_or("no table", |table| table.name.as_str());
    let shown = vec![
        evidence(
            Source::Routes,
            "connection",
            "source country",
            seen.to_owned(),
            &format!("The address that the server saw is registered there ({table})."),
        ),
        evidence(
            Source::Routes,
            "device record",
            "expected countries",
            expected.clone(),
            "Declared for this device or its group.",
        ),
    ];
    let title = format!("Connects from {seen}, expected in {expected}");
    COUNTRY.finding("country", Confidence::Medium, title, "place:country", shown)
}

fn zone(place: &Place) -> Option<Finding> {
    if !speaks(place, ZONE.rule()) {
        return None;
    }
    let zone = place.time_zone().unwrap_or("unknown");
    let expected = place.expected().join(", ");
    let shown = vec![evidence(
        Source::TimeZone,
        "device",
        "time zone",
        printable(zone, MAX_PROBLEM_CHARS),
        "No place in the expected countries keeps this time.",
    )];
    let title = format!("Time zone {} is not one of {expected}", printable(zone, MAX_PROBLEM_CHARS));
    ZONE.finding("time-zone", Confidence::Low, title, "place:time-zone", shown)
}
