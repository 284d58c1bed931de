//! TU-02, whose network: an overlay that is joined to one which no approval names.
//!
//! Always: an approval by product alone lets nobody tell; what lends the line or lets others in is high by itself.

use bearing_protocol::{
    coverage::Source,
    finding::Evidence,
    severity::{Confidence, Severity},
};

use crate::{
    detect::{
        Context, Draft, evidence,
        remote_access::foreign_states,
        sighting::{Sighting, State},
    },
    policy::Scope,
};

/// Switches that make more of an overlay than a way to reach others.
const WIDENING: [&str; 5] = ["exit-node", "subnet-router", "funnel", "serve", "ssh"];

pub(super) fn widens(sighting: &Sighting<'_>) -> bool {
    WIDENING.iter().any(|feature| sighting.has_feature(feature))
}

pub(super) fn report(context: &mut Context<'_>, sighting: &Sighting<'_>) {
    let tool = sighting.tool;
    let (foreign, _) = foreign_states(context, sighting);
    if foreign.is_empty() {
        return;
    }
    let pieces: Vec<Evidence> = foreign
        .iter()
        .map(|state| {
            let why = format!("{} is joined to it here, and no approval names it", tool.name);
            evidence(Source::ToolState, &state.location, "network", "another network", why)
        })
        .collect();
    let on = sighting.state() >= State::Persistent;
    let scopes: Vec<Scope> = foreign.iter().map(|state| Scope::of_state(state)).collect();
    let draft = Draft {
        rule: "TU-02",
        severity: Some(if on { Severity::High } else { Severity::Medium }),
        confidence: Confidence::High,
        title: format!("{} is joined to a network that the organisation does not name", tool.name),
        subject: format!("product:{}", tool.id),
        product: Some(tool.id.clone()),
        // The same product and machine as above: one finding, the graver one.
        cause: "present".into(),
        evidence: pieces,
    };
    context.report_scoped(draft, &scopes);
}
