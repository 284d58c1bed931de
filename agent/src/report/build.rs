use std::{borrow::Cow, path::Path};

use bearing_host::{
    Collection, Memory, Root, collect_remembering,
    collection::{self, CollectionError},
};
use bearing_policies::{Catalogue, Policy, evaluate, rule::Platform};
use bearing_protocol::{
    Timestamp,
    clock::Clock,
    coverage::{Coverage, Status},
    fact::Facts,
    limits::{MAX_COVERAGE, MAX_FINDINGS, MAX_OUTCOMES, MAX_TEXT_BYTES, MAX_WORD_BYTES},
    outcome::{Outcome, RuleOutcome},
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
    /// What is known beyond one reading of the machine (journal of devices, names heard): called with the facts
    /// before they are judged.
    pub beyond: &'a dyn Fn(&mut Facts, Timestamp),
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// Nothing is known beyond one reading.
pub fn nothing_beyond(_: &mut Facts, _: Timestamp) {}

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
    assess_remembering(request, &Memory::default())
}

/// As [`assess`], by one who evaluates again and watches meanwhile.
pub fn assess_remembering(request: Request<'_>, memory: &Memory) -> Assessment {
    let asked = Asked::new(request.policy, request.families);
    let plan = request.catalogue.plan_for(platform_of(request.root));
    let collection = Collection { sources: asked.policy.sources(), plan };
    let facts = collect_remembering(request.root, &collection, memory, request.clock);
    judge(facts, request)
}

/// Whose paths are looked for: a copy of a machine's files is one of Linux.
fn platform_of(root: &Root) -> Platform {
    match std::env::consts::OS {
        "windows" if root.is_live() => Platform::Windows,
        _ => Platform::Linux,
    }
}

/// Reads what was collected below `directory` on another machine, and applies the rules.
///
/// # Errors
/// Where the folder holds nothing that is read.
pub fn assess_collection(directory: &Path, request: Request<'_>) -> Result<Assessment, CollectionError> {
    let asked = Asked::new(request.policy, request.families);
    let facts =
        collection::read(directory, &asked.policy.sources(), request.catalogue.plan(), request.clock)?;
    Ok(judge(facts, request))
}

/// Applies the rules to facts; `request.root` is not read again.
fn judge(mut facts: Facts, request: Request<'_>) -> Assessment {
    let asked = Asked::new(request.policy, request.families);
    (request.beyond)(&mut facts, request.clock.now());
    facts.coverage.retain(|line| request.own.iter().all(|own| own.source != line.source));
    facts.coverage.extend(request.own);
    asked.mark_coverage(&mut facts.coverage, request.policy);
    let evaluated_at = request.clock.now();
    let mut evaluation = evaluate(&facts, request.catalogue, &asked.policy, evaluated_at);
    asked.mark_outcomes(&mut evaluation.outcomes, request.policy);
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

/// The question as it was put: policy, narrowed to the families that were asked for.
struct Asked<'a> {
    policy: Cow<'a, Policy>,
}

impl<'a> Asked<'a> {
    fn new(policy: &'a Policy, families: &[Family]) -> Self {
        let policy = if families.is_empty() {
            Cow::Borrowed(policy)
        } else {
            Cow::Owned(policy.clone().with_families(families))
        };
        Self { policy }
    }

    /// A source that policy would have read was not asked for, which is something else than switched off.
    fn mark_coverage(&self, coverage: &mut [Coverage], whole: &Policy) {
        let (asked, allowed) = (self.policy.sources(), whole.sources());
        for line in coverage.iter_mut().filter(|line| line.status == Status::Denied) {
            if allowed.contains(&line.source) && !asked.contains(&line.source) {
                NOT_ASKED.clone_into(&mut line.detail);
            } else if whole.source_is_on(line.source) && !allowed.contains(&line.source) {
                NOT_NEEDED.clone_into(&mut line.detail);
            }
        }
    }

    fn mark_outcomes(&self, outcomes: &mut [RuleOutcome], whole: &Policy) {
        for outcome in outcomes {
            let family = outcome.rule.family();
            if whole.family_is_on(family) && !self.policy.family_is_on(family) {
                outcome.outcome = Outcome::NotChecked;
                outcome.reason = Some(NOT_ASKED.to_owned());
            }
        }
    }
}

/// Why something outside the families that were asked for was left out.
pub const NOT_ASKED: &str = "not asked for (--family)";
/// Why a source that nobody switched off was not read.
pub const NOT_NEEDED: &str = "not read: no rule that policy switches on needs it";

/// The machine in brief: its texts cut and made printable.
pub fn summarise_device(facts: &Facts) -> DeviceSummary {
    DeviceSummary {
        hostname: harmless(&facts.hostname),
        os: OsSummary {
            family: harmless_word(&facts.os.family),
            name: harmless_word(&facts.os.name),
            version: harmless_word(&facts.os.version),
        },
        machine: MachineSummary { kind: facts.machine.kind },
    }
}

/// Text from the machine, safe to print, at most [`MAX_TEXT_BYTES`] long.
pub fn harmless(text: &str) -> String {
    harmless_within(text, MAX_TEXT_BYTES)
}

/// A name, a version or an id, safe to print, at most [`MAX_WORD_BYTES`] long.
pub fn harmless_word(text: &str) -> String {
    harmless_within(text, MAX_WORD_BYTES)
}

fn harmless_within(text: &str, max_bytes: usize) -> String {
    let shown = printable(truncate(text, max_bytes), max_bytes);
    truncate(&shown, max_bytes).to_owned()
}
