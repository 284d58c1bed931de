//! AI-02: sleep, idle or the lid switch held off for days.

use bearing_protocol::{
    Timestamp,
    coverage::Source,
    fact::{Inhibitor, MachineKind},
    outcome::Outcome,
    severity::{Confidence, Severity},
    text::printable,
};

use super::file_name;
use crate::{
    catalogue::kvm::anti_idle::AntiIdle,
    detect::{Context, Draft, evidence},
};

const SECONDS_PER_HOUR: i64 = 3_600;
/// What keeps a machine looking attended.
const HELD: [&str; 3] = ["sleep", "idle", "handle-lid-switch"];
const MAX_HOLDER_CHARS: usize = 60;

pub(super) fn report(context: &mut Context<'_>, known: &AntiIdle) {
    let facts = context.facts;
    let builds = facts.processes.iter().any(|process| {
        process.executable.as_deref().is_some_and(|path| known.is_builder(file_name(path)))
            || process.unit.as_deref().is_some_and(|unit| known.is_builder(unit.trim_end_matches(".service")))
    });
    if builds || matches!(facts.machine.kind, MachineKind::Server | MachineKind::Vm) {
        let why = if builds { "builds for others" } else { "is no machine that a person sits at" };
        context.settle("AI-02", Outcome::NotApplicable, format!("this machine {why}: it has to stay awake"));
        return;
    }
    let mut ageless = 0;
    let mut drafts = Vec::new();
    for inhibitor in
        facts.inhibitors.iter().filter(|inhibitor| holds(inhibitor) && !is_ordinary(inhibitor, known))
    {
        let Some(since) = inhibitor.since else {
            ageless += 1;
            continue;
        };
        let hours = hours_since(since, context.now);
        if hours >= i64::from(known.hours) {
            drafts.push(draft(inhibitor, hours, known));
        }
    }
    if drafts.is_empty() && ageless > 0 {
        let reason = format!("{ageless} inhibitor(s) whose beginning is not known");
        context.settle("AI-02", Outcome::Unknown, reason);
    }
    for draft in drafts {
        context.report(draft);
    }
}

fn holds(inhibitor: &Inhibitor) -> bool {
    inhibitor.mode == "block" && inhibitor.what.iter().any(|what| HELD.contains(&what.as_str()))
}

fn is_ordinary(inhibitor: &Inhibitor, known: &AntiIdle) -> bool {
    known.is_ordinary(&inhibitor.who) || known.is_media(&inhibitor.who)
}

fn hours_since(since: Timestamp, now: Timestamp) -> i64 {
    now.as_second().saturating_sub(since.as_second()) / SECONDS_PER_HOUR
}

fn draft(inhibitor: &Inhibitor, hours: i64, known: &AntiIdle) -> Draft {
    let who = printable(inhibitor.who.trim(), MAX_HOLDER_CHARS);
    let what = inhibitor.what.join(", ");
    let program = known.program(inhibitor.who.trim());
    let name = program.map_or(who.as_str(), |program| program.name.as_str());
    Draft {
        rule: "AI-02",
        severity: Some(Severity::Low),
        confidence: Confidence::Medium,
        title: format!("{name} has held off {what} for {} day(s)", hours / 24),
        subject: format!("inhibitor:{who}"),
        product: program.map(|program| program.id.clone()),
        cause: format!("inhibitor {} {what}", who.to_lowercase()),
        evidence: vec![evidence(
            Source::Inhibitors,
            "session manager",
            "inhibitor",
            format!("{who} blocks {what} since {}", inhibitor.since.unwrap_or_default()),
            "a machine that never sleeps or locks looks attended; media, builds and kiosks do so too",
        )],
    }
}
