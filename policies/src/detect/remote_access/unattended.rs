//! RA-03: a product lets others in with nobody present.
//!
//! Always: read from names of fields and switches; no secret is looked at.

use bearing_protocol::{
    coverage::Source,
    finding::Evidence,
    severity::{Confidence, Severity},
};

use crate::{
    detect::{
        Context, Draft, evidence,
        sighting::{Sighting, State},
    },
    policy::{Direction, Scope},
};

pub(super) fn report(context: &mut Context<'_>, sighting: &Sighting<'_>) {
    let tool = sighting.tool;
    let open: Vec<_> = sighting.states.iter().filter(|state| state.unattended == Some(true)).collect();
    if open.is_empty() {
        return;
    }
    let mut pieces: Vec<Evidence> = open
        .iter()
        .map(|state| {
            let why = format!("{} can be reached with nobody at the machine", tool.name);
            evidence(Source::ToolState, &state.location, "unattended access", "configured", why)
        })
        .collect();
    let scopes: Vec<Scope> =
        open.iter().map(|state| Scope::of_state(state).going(Direction::Incoming)).collect();
    let here = sighting.state() > State::History
        && sighting.traces.iter().any(|trace| trace.evidence.source != Source::ToolState);
    pieces.extend(sighting.evidence().into_iter().filter(|piece| piece.source != Source::ToolState).take(2));
    let draft = Draft {
        rule: "RA-03",
        // Settings that outlived the program open nothing.
        severity: Some(if here { Severity::High } else { Severity::Low }),
        confidence: if here { Confidence::High } else { Confidence::Low },
        title: format!("{} lets others in with nobody present", tool.name),
        subject: format!("product:{}", tool.id),
        product: Some(tool.id.clone()),
        cause: "unattended".into(),
        evidence: pieces,
    };
    context.report_scoped(draft, &scopes);
}
