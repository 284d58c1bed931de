//! AT-07: a source that matters could not be read, or came back empty where something must be.
//!
//! Always: what policy switched off is no degradation, and neither is a source that this system does not have,
//! unless policy asks for it in `minimum_coverage`.

use bearing_protocol::{
    coverage::{Coverage, Source, Status},
    finding::Evidence,
    severity::{Confidence, Severity},
};

use super::{Context, Draft, evidence};
use crate::rule;

/// Applies AT-07.
pub(super) fn detect(context: &mut Context<'_>) {
    let minimum = context.policy.minimum_coverage();
    let asked_for = context.policy.sources();
    let mut pieces: Vec<Evidence> = Vec::new();
    for line in &context.facts.coverage {
        let degraded = matches!(line.status, Status::Denied | Status::Error)
            || (line.status == Status::Unsupported && minimum.contains(&line.source));
        let matters = minimum.contains(&line.source) || is_needed(context, line.source);
        if degraded && matters && asked_for.contains(&line.source) {
            pieces.push(piece(line));
        }
    }
    for source in minimum {
        let read = context.facts.coverage.iter().any(|line| line.source == *source);
        if !read && context.policy.source_is_on(*source) {
            pieces.push(evidence(
                Source::Policy,
                source.as_str(),
                "coverage",
                "not read",
                "policy asks for this source",
            ));
        }
    }
    pieces.extend(empty_where_something_must_be(context));
    if pieces.is_empty() {
        return;
    }
    let sources: Vec<&str> = pieces.iter().map(|piece| piece.location.as_str()).collect();
    let asked = pieces.iter().any(|piece| minimum.iter().any(|source| source.as_str() == piece.location));
    let because = if asked { "; policy asks for some of them" } else { "" };
    context.report(Draft {
        rule: "AT-07",
        severity: Some(Severity::Low),
        confidence: Confidence::High,
        title: format!("{} source(s) could not be read: {}{because}", sources.len(), sources.join(", ")),
        subject: "agent:coverage".into(),
        product: None,
        cause: "degraded".into(),
        evidence: pieces,
    });
}

fn piece(line: &Coverage) -> Evidence {
    let value = match line.detail.as_str() {
        "" => line.status.to_string(),
        detail => format!("{}: {detail}", line.status),
    };
    let why = "rules that need it were not checked, and that is not a pass";
    evidence(line.source, line.source.as_str(), "status", value, why)
}

/// Whether a rule of a family that is on needs the source.
fn is_needed(context: &Context<'_>, source: Source) -> bool {
    context.catalogue.rules().any(|rule| {
        rule.status != rule::Status::Retired
            && rule.needs.contains(&source)
            && context.policy.family_is_on(rule.id.family())
    })
}

/// A running system has processes: none at all, and no complaint, is a collector that was blinded.
fn empty_where_something_must_be(context: &Context<'_>) -> Option<Evidence> {
    let line = context.facts.coverage.iter().find(|line| line.source == Source::Processes)?;
    let blind =
        line.status == Status::Ok && context.facts.processes.is_empty() && context.facts.boot.id.is_some();
    blind.then(|| {
        let why = "a system that was booted runs processes; an empty list was made empty";
        evidence(Source::Processes, Source::Processes.as_str(), "count", "0", why)
    })
}
