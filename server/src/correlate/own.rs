//! What the server sees of a report beside the agent's findings: place, clock, policy, losses.

use bearing_protocol::{coverage::Source, finding::Finding, severity::Confidence, text::printable};
use bearing_store::{Chain, Observed};

use super::{
    clock::Reading,
    open::Stored,
    place::{self, Place},
    wording::{CLOCK, LOSS, POLICY, SILENCE, evidence},
};

/// Longest name of a problem that is shown, in characters.
const MAX_PROBLEM_CHARS: usize = 200;

/// The server's own evaluation of a report.
pub(super) fn server(stored: &Stored, clock: &Reading, place: &Place) -> Observed {
    let mut findings = Vec::new();
    // A device that reports is not silent.
    let mut assessed = vec![SILENCE.rule(), POLICY.rule(), LOSS.rule()];
    findings.extend(policy(stored));
    findings.extend(loss(stored));
    if clock.is_assessed() {
        assessed.push(CLOCK.rule());
        findings.extend(clock.finding());
    }
    let mut assessed: Vec<_> = assessed.into_iter().flatten().collect();
    assessed.extend(place::assessed(place));
    findings.extend(place::findings(place, stored.report.machine));
    Observed {
        device: stored.device.id.clone(),
        origin: "server".to_owned(),
        at: stored.message.received_at,
        findings,
        assessed,
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
