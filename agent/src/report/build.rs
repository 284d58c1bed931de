use bearing_host::{Collection, Root, collect};
use bearing_policies::{Catalogue, Policy, evaluate};
use bearing_protocol::{
    clock::Clock,
    coverage::Coverage,
    fact::Facts,
    limits::{MAX_COVERAGE, MAX_FINDINGS, MAX_OUTCOMES, MAX_TEXT_BYTES},
    outcome::Outcome,
    report::{DeviceSummary, MachineSummary, OsSummary, Report, SCHEMA},
    rule::Family,
    text::{printable, truncate},
};

/// What is to be evaluated.
pub struct Request<'a> {
    /// The machine, or a copy of its files.
    pub root: &'a Root,
    /// The rules.
    pub catalogue: &'a Catalogue,
    /// The site's policy.
    pub policy: &'a Policy,
    /// Families that were asked for; empty: all that policy allows.
    pub families: &'a [Family],
    /// What the agent knows of itself: the policy's and the spool's coverage lines.
    pub own: Vec<Coverage>,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// What was read, and what it came to.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// Everything that was read. It stays on the machine.
    pub facts: Facts,
    /// The report.
    pub report: Report,
}

/// Reads the machine and applies the rules. Never fails: what could not be read is coverage.
pub fn assess(request: Request<'_>) -> Assessment {
    let collection = Collection { sources: request.policy.sources(), plan: request.catalogue.plan() };
    let mut facts = collect(request.root, &collection, request.clock);
    facts.coverage.retain(|line| request.own.iter().all(|own| own.source != line.source));
    facts.coverage.extend(request.own);
    let evaluated_at = request.clock.now();
    let mut evaluation = evaluate(&facts, request.catalogue, request.policy, evaluated_at);
    if !request.families.is_empty() {
        let asked = |family: Family| request.families.contains(&family);
        evaluation.findings.retain(|finding| asked(finding.family));
        for outcome in evaluation.outcomes.iter_mut().filter(|o| !asked(o.rule.family())) {
            outcome.outcome = Outcome::NotChecked;
            outcome.reason = Some("not asked for (--family)".to_owned());
        }
    }
    let mut coverage = facts.coverage.clone();
    coverage.truncate(MAX_COVERAGE);
    evaluation.outcomes.truncate(MAX_OUTCOMES);
    evaluation.findings.truncate(MAX_FINDINGS);
    let report = Report {
        schema: SCHEMA.to_owned(),
        evaluated_at,
        device: summarise_device(&facts),
        policy: request.policy.summary(),
        coverage,
        outcomes: evaluation.outcomes,
        findings: evaluation.findings,
    };
    Assessment { facts, report }
}

/// The machine in brief: its texts cut and made printable.
pub fn summarise_device(facts: &Facts) -> DeviceSummary {
    DeviceSummary {
        hostname: harmless(&facts.hostname),
        os: OsSummary {
            family: harmless(&facts.os.family),
            name: harmless(&facts.os.name),
            version: harmless(&facts.os.version),
        },
        machine: MachineSummary { kind: facts.machine.kind },
    }
}

/// Text from the machine, safe to print, at most [`MAX_TEXT_BYTES`] long.
pub fn harmless(text: &str) -> String {
    let shown = printable(truncate(text, MAX_TEXT_BYTES), MAX_TEXT_BYTES);
    truncate(&shown, MAX_TEXT_BYTES).to_owned()
}
