//! PO-04: the account used every day may act as administrator.

use bearing_protocol::{
    coverage::Source,
    fact::{MachineKind, User},
    outcome::Outcome,
    severity::{Confidence, Severity},
};

use crate::detect::{Context, Draft, evidence};

pub(super) fn report(context: &mut Context<'_>) {
    const RULE: &str = "PO-04";
    let facts = context.facts;
    let people: Vec<&User> = facts.users.iter().filter(|user| user.interactive && user.uid != "0").collect();
    if people.is_empty() {
        context.settle(RULE, Outcome::NotApplicable, "no account of a person on this machine");
        return;
    }
    // Whoever is signed in is who uses it; where nobody is, every account of a person counts.
    let signed_in = |user: &&&User| facts.sessions.iter().any(|session| session.user == user.name);
    let daily: Vec<&User> = people.iter().filter(signed_in).copied().collect();
    let daily = if daily.is_empty() { people } else { daily };
    let pieces: Vec<_> = daily
        .iter()
        .filter(|user| user.administrator)
        .map(|user| {
            let by = user.administrator_by.as_deref().unwrap_or("its rights");
            let why = format!("may act as administrator through {by}");
            evidence(Source::Users, user.name.clone(), "administrator", by, why)
        })
        .collect();
    if pieces.is_empty() {
        return;
    }
    let severity = if facts.machine.kind == MachineKind::Server { Severity::Low } else { Severity::Medium };
    context.report(Draft {
        rule: RULE,
        severity: Some(severity),
        confidence: Confidence::Medium,
        title: "The account used every day is an administrator".into(),
        subject: "account:administrator".into(),
        product: None,
        cause: "daily-administrator".into(),
        evidence: pieces,
    });
}
