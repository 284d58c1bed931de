//! RA-08: a product that policy approves for some tenant, instance or account answers to another.
//!
//! Always: foreign is only what policy lets be told: where no approval of the product names whom it may answer to, there
//! is nothing to compare. Names leave the device as keyed digests; evidence says the kind and the file.

use bearing_protocol::{
    coverage::Source,
    fact::{Binding, BindingKind, ToolState},
    finding::Evidence,
    severity::{Confidence, Severity},
};

use crate::{
    detect::{
        Context, Draft, evidence,
        sighting::{Sighting, State},
    },
    policy::Scope,
};

/// Set-ups that answer to somebody whom no approval of the product names, and whether another one is approved.
pub(in crate::detect) fn foreign_states<'s>(
    context: &Context<'_>,
    sighting: &'s Sighting<'_>,
) -> (Vec<&'s ToolState>, bool) {
    let product = sighting.tool.id.as_str();
    if context.policy.named_bindings(product, context.now).next().is_none() {
        return (Vec::new(), false);
    }
    let is_ours = |state: &ToolState| {
        let scope = Scope::of_state(state);
        context.policy.named_bindings(product, context.now).any(|approval| approval.names_bindings_of(&scope))
    };
    let bound = sighting.states.iter().copied().filter(|state| !state.bindings.is_empty());
    let (ours, foreign): (Vec<_>, Vec<_>) = bound.partition(|state| is_ours(state));
    (foreign, !ours.is_empty())
}

pub(super) fn report(context: &mut Context<'_>, sighting: &Sighting<'_>) {
    let tool = sighting.tool;
    let (foreign, beside_ours) = foreign_states(context, sighting);
    if foreign.is_empty() {
        return;
    }
    let in_use = foreign.iter().any(|state| state.session_live == Some(true));
    let severity = match sighting.state() {
        State::History | State::Installed if !beside_ours && !in_use => Severity::High,
        _ => Severity::Critical,
    };
    let title = if beside_ours {
        format!("{} also answers to somebody whom the organisation does not name", tool.name)
    } else {
        format!("{} answers to somebody whom the organisation does not name", tool.name)
    };
    let scopes: Vec<Scope> = foreign.iter().map(|state| Scope::of_state(state)).collect();
    let draft = Draft {
        rule: "RA-08",
        severity: Some(severity),
        confidence: Confidence::High,
        title,
        subject: format!("product:{}", tool.id),
        product: Some(tool.id.clone()),
        cause: "foreign".into(),
        evidence: foreign.iter().map(|state| piece(&tool.name, state)).collect(),
    };
    context.report_scoped(draft, &scopes);
}

/// Whom a set-up answers to, without the name.
pub(super) fn piece(name: &str, state: &ToolState) -> Evidence {
    let mut kinds: Vec<&str> = state.bindings.iter().map(word).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let value = format!("another {}", kinds.join(", another "));
    let why = format!("{name} is bound to it here, and no approval names it");
    evidence(Source::ToolState, &state.location, "answers to", value, why)
}

fn word(binding: &Binding) -> &'static str {
    match binding.kind {
        BindingKind::Tenant => "tenant",
        BindingKind::Account => "account",
        BindingKind::Instance => "instance",
        BindingKind::Network => "network",
        BindingKind::Relay => "relay",
    }
}
