//! One product's finding. Where its executable hides, RA-06 speaks for it and the product's own rule is evidence.

use bearing_protocol::{finding::Evidence, severity::Severity};

use crate::detect::{
    Context, Draft,
    sighting::{Disguise, Sighting, State},
};

/// Reports `sighting` under `rule` with the severity that `severity_of` gives, or not at all where it gives none.
pub(in crate::detect) fn report_product(
    context: &mut Context<'_>,
    rule: &'static str,
    sighting: &Sighting<'_>,
    severity_of: fn(&Sighting<'_>) -> Option<Severity>,
) {
    let tool = sighting.tool;
    let Some(mut severity) = severity_of(sighting) else { return };
    if sighting.is_weak() {
        severity = severity.min(Severity::Low);
    } else if let Some(own) = tool.severity.filter(|_| sighting.state() >= State::Persistent) {
        severity = severity.max(own);
    }
    let state = sighting.state();
    let mut evidence = sighting.evidence();
    let disguise = sighting.disguise();
    let own_rule = context.catalogue.rule(rule).map(|rule| rule.id);
    let hiding_rule = context.catalogue.rule("RA-06").map(|rule| rule.id);
    for (piece, trace) in evidence.iter_mut().zip(&sighting.traces) {
        piece.rule = match trace.disguise {
            Some(_) => hiding_rule,
            None => own_rule,
        };
    }
    if disguise.is_some() {
        // Every fused finding shows both rules: the piece that convicts the product speaks for its own rule too.
        if !evidence.iter().any(|piece| piece.rule == own_rule)
            && let Some(first) = evidence.first().cloned()
        {
            let why = format!("{} {}", tool.name, state.describe());
            evidence.push(Evidence { rule: own_rule, why, ..first });
        }
    } else {
        for piece in &mut evidence {
            piece.rule = None;
        }
    }
    let title = match disguise {
        Some(Disguise::Renamed) => format!("{} runs under another name", tool.name),
        Some(Disguise::Imitating) => format!("{} hides behind another program's name", tool.name),
        Some(disguise) => format!("{} {}", tool.name, disguise.describe()),
        None if state == State::History => format!("{} was used here and is not installed now", tool.name),
        None => format!("{} {}", tool.name, state.describe()),
    };
    let (is, kinds) = sighting.summary();
    if let Some(first) = sighting.traces.first() {
        let source = first.evidence.source;
        evidence.push(crate::detect::evidence(source, "all evidence", "state", is, kinds));
    }
    let draft = Draft {
        rule: if disguise.is_some() { "RA-06" } else { rule },
        severity: Some(if disguise.is_some() { Severity::High.max(severity) } else { severity }),
        confidence: sighting.confidence(),
        title,
        subject: format!("product:{}", tool.id),
        product: Some(tool.id.clone()),
        cause: if disguise.is_some() { "disguised".into() } else { "present".into() },
        evidence,
    };
    context.report_scoped(draft, &sighting.scopes());
}
