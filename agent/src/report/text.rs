//! A report for people: an employee at home, an administrator, an analyst.
//!
//! Always: the verdict first and in words, findings gravest first with how to disprove each, then what could not
//! be looked at and what that costs, then what was looked at, then what to do. Never an all-clear.

use std::collections::BTreeMap;

use bearing_policies::{Catalogue, rule::Rule};
use bearing_protocol::{
    coverage::{Coverage, Source, Status},
    finding::{Evidence, Finding},
    outcome::{Outcome, RuleOutcome},
    report::Report,
    rule::Family,
    severity::Severity,
    text::printable,
};

use super::{
    NOT_ASKED, NOT_NEEDED,
    page::{Page, Style},
};

/// Who reads the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// An ordinary account on this machine: as administrator more could be read.
    User,
    /// Somebody who already sees what there is to see.
    Privileged,
}

/// Writes `report` on `page`. `threshold` is what the exit code was asked to fail on.
pub fn render(page: &mut Page, report: &Report, catalogue: &Catalogue, threshold: Severity, reader: Reader) {
    header(page, report);
    verdict(page, report, threshold);
    findings(page, report);
    gaps(page, report, catalogue);
    looked_at(page, report);
    next_steps(page, report, reader);
}

/// Whether at least one rule was decided: otherwise nothing was evaluated.
pub fn is_evaluated(report: &Report) -> bool {
    let decided =
        |o: &RuleOutcome| matches!(o.outcome, Outcome::Pass | Outcome::Fail | Outcome::NotApplicable);
    // What the agent says of itself is no evaluation of the machine.
    let of_machine = |o: &&RuleOutcome| o.rule.family() != Family::AgentTampering;
    let only_itself = report.outcomes.iter().filter(of_machine).all(is_unasked);
    report.outcomes.iter().filter(|o| only_itself || of_machine(o)).any(decided)
}

/// Whether a rule was outside of what was asked for.
fn is_unasked(outcome: &RuleOutcome) -> bool {
    outcome.reason.as_deref() == Some(NOT_ASKED)
}

/// Whether a finding counts: nobody has approved it.
fn counts(finding: &&Finding) -> bool {
    finding.approval.is_none()
}

fn header(page: &mut Page, report: &Report) {
    let device = &report.device;
    let title = page.styled(Style::Strong, "Bearing");
    page.line(&format!("{title} · what this machine shows, and what it does not"));
    page.gap();
    let system = [device.os.name.as_str(), device.os.version.as_str()].join(" ");
    let system = if system.trim().is_empty() { "operating system unknown" } else { system.trim() };
    let hostname = if device.hostname.is_empty() { "(no host name)" } else { &device.hostname };
    let kind = match device.machine.kind.as_str() {
        "unknown" => "kind of machine unknown",
        "vm" => "virtual machine",
        kind => kind,
    };
    page.paragraph("Machine   ", &format!("{hostname} · {system} · {kind}"));
    let policy = &report.policy;
    page.paragraph("Policy    ", &format!("{} version {} · {}…", policy.name, policy.version, short(policy)));
    page.paragraph(
        "Evaluated ",
        &format!("{:.0}", report.evaluated_at).replace('T', " ").replace('Z', " UTC"),
    );
}

fn short(policy: &bearing_protocol::report::PolicySummary) -> String {
    format!("sha256:{}", policy.digest.short())
}

fn verdict(page: &mut Page, report: &Report, threshold: Severity) {
    page.heading("Verdict");
    let grave = report.findings.iter().filter(counts).filter(|f| f.severity >= threshold).count();
    let lesser = report.findings.iter().filter(counts).count() - grave;
    let approved = report.findings.len() - grave - lesser;
    if grave > 0 {
        let verb = if grave == 1 { "Somebody should look at it" } else { "Somebody should look at them" };
        let text = format!(
            "{} at or above {threshold}. {verb}: a finding names work for people, it does not say who did what.",
            many(grave, "finding", "findings"),
        );
        page.styled_paragraph(Style::Alarm, "✗ ", &text);
    } else if !is_evaluated(report) {
        let text =
            "Nothing could be evaluated: not one rule could be decided. This says nothing about the machine.";
        page.styled_paragraph(Style::Warning, "• ", text);
    } else {
        let text = format!("Nothing at or above {threshold} was found. This is not an all-clear.");
        page.styled_paragraph(Style::Strong, "• ", &text);
    }
    if lesser > 0 {
        let only = many(lesser, "lesser finding is", "lesser findings are");
        page.paragraph("  ", &format!("{only} listed below."));
    }
    if approved > 0 {
        let text = many(approved, "finding is covered by an approval", "findings are covered by approvals");
        page.paragraph("  ", &format!("{text} in the policy: shown, and not counted."));
    }
    page.paragraph("  ", &rules_in_words(report));
}

/// "22 rules: 18 passed, 1 failed, 3 could not be checked."
fn rules_in_words(report: &Report) -> String {
    let asked: Vec<&RuleOutcome> = report.outcomes.iter().filter(|o| !is_unasked(o)).collect();
    let count = |outcome| asked.iter().filter(|o| o.outcome == outcome).count();
    let mut parts = Vec::new();
    for (outcome, words) in [
        (Outcome::Fail, "failed"),
        (Outcome::Pass, "passed on what could be read"),
        (Outcome::NotChecked, "could not be checked"),
        (Outcome::Unknown, "could not be settled"),
        (Outcome::Error, "ended in an error"),
        (Outcome::NotApplicable, "have no meaning here"),
    ] {
        if count(outcome) > 0 {
            parts.push(format!("{} {words}", count(outcome)));
        }
    }
    if parts.is_empty() {
        return "No rule was applied.".to_owned();
    }
    format!("Of {}, {}.", many(asked.len(), "rule", "rules"), parts.join(", "))
}

fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn findings(page: &mut Page, report: &Report) {
    if report.findings.is_empty() {
        return;
    }
    page.heading("What was found");
    for (index, finding) in report.findings.iter().enumerate() {
        if index > 0 {
            page.gap();
        }
        one_finding(page, index + 1, finding);
    }
}

fn one_finding(page: &mut Page, number: usize, finding: &Finding) {
    let severity = finding.severity.as_str().to_uppercase();
    let style = if finding.approval.is_some() { Style::Faint } else { Style::of_severity(finding.severity) };
    let badge = page.styled(style, &severity);
    page.line(&format!("{number:>2}  {badge}  {}", rule_line(finding)));
    page.styled_paragraph(Style::Strong, "    ", &finding.title);
    let product = finding.product.as_deref().map(|p| format!(", recognised as {p}")).unwrap_or_default();
    page.paragraph("    ", &format!("{}{product}", finding.subject));
    if let Some(approval) = &finding.approval {
        let until = approval.expires.strftime("%Y-%m-%d");
        let text = format!("Approved by {} until {until}: {}", approval.owner, approval.reason);
        page.styled_paragraph(Style::Good, "    ", &text);
    }
    label(page, "Why");
    for evidence in &finding.evidence {
        one_evidence(page, evidence);
    }
    if !finding.disproof.is_empty() {
        label(page, "What would show that this is wrong");
        page.paragraph("      ", &finding.disproof);
    }
    if !finding.remediation.is_empty() {
        label(page, "What to do if it is right");
        page.paragraph("      ", &finding.remediation);
    }
}

fn rule_line(finding: &Finding) -> String {
    format!("{} {} · confidence {}", finding.rule, finding.family, finding.confidence)
}

fn label(page: &mut Page, text: &str) {
    let styled = page.styled(Style::Faint, text);
    page.line(&format!("    {styled}"));
}

fn one_evidence(page: &mut Page, evidence: &Evidence) {
    let value = printable(&evidence.value, MAX_SHOWN_VALUE);
    page.paragraph(
        "      · ",
        &format!("{} {}: {} = {value}", evidence.source, evidence.location, evidence.field),
    );
    if !evidence.why.is_empty() {
        page.paragraph("        ", &evidence.why);
    }
}

fn gaps(page: &mut Page, report: &Report, catalogue: &Catalogue) {
    let (left_out, gaps): (Vec<&Coverage>, Vec<&Coverage>) =
        report.coverage.iter().filter(|line| line.status != Status::Ok).partition(|line| is_left_out(line));
    let reasons = other_reasons(report);
    if gaps.is_empty() && left_out.is_empty() && reasons.is_empty() {
        return;
    }
    page.heading("What could not be looked at");
    for line in gaps {
        one_gap(page, line, &open_rules(report, catalogue, line.source));
    }
    for (reason, rules) in reasons {
        page.paragraph("  ", &format!("{}: {reason}", rules.join(", ")));
    }
    for reason in [NOT_ASKED, NOT_NEEDED, SWITCHED_OFF] {
        let names: Vec<&str> =
            left_out.iter().filter(|line| line.detail == reason).map(|line| line.source.as_str()).collect();
        if !names.is_empty() {
            page.styled_paragraph(Style::Faint, "  ", &format!("{}: {reason}", names.join(", ")));
        }
    }
}

/// Whether a source was left out on purpose.
fn is_left_out(line: &Coverage) -> bool {
    [NOT_ASKED, NOT_NEEDED, SWITCHED_OFF].contains(&line.detail.as_str())
}

fn one_gap(page: &mut Page, line: &Coverage, open: &[String]) {
    let status = match line.status {
        Status::Partial => "read in part",
        Status::Unsupported => "not there, or not readable here",
        Status::Denied => "no permission",
        Status::Error => "reading failed",
        Status::Ok => "",
    };
    let name = page.styled(Style::Warning, line.source.as_str());
    page.line(&format!("  {name} · {status}"));
    if !line.detail.is_empty() {
        page.paragraph("      ", &line.detail);
    }
    if !open.is_empty() {
        page.styled_paragraph(Style::Faint, "      ", &format!("Left open by it: {}", open.join(", ")));
    }
}

/// Rules that were not settled for a reason that no source's line tells.
fn other_reasons(report: &Report) -> BTreeMap<&str, Vec<&str>> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for outcome in report.outcomes.iter().filter(|o| is_open(o.outcome) && !is_unasked(o)) {
        let reason = outcome.reason.as_deref().unwrap_or("no reason was given");
        if !reason.starts_with("source `") {
            reasons.entry(reason).or_default().push(outcome.rule.as_str());
        }
    }
    reasons
}

const fn is_open(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::NotChecked | Outcome::Unknown | Outcome::Error)
}

/// The rules that need `source` and were not settled: a few by name, many by id.
fn open_rules(report: &Report, catalogue: &Catalogue, source: Source) -> Vec<String> {
    let open: Vec<_> = report
        .outcomes
        .iter()
        .filter(|o| is_open(o.outcome) && !is_unasked(o))
        .filter_map(|o| catalogue.rule(o.rule.as_str()))
        .filter(|rule| rule.needs.contains(&source))
        .collect();
    let by_name = open.len() <= RULES_BY_NAME;
    let shown =
        |rule: &&Rule| if by_name { format!("{} ({})", rule.id, rule.name) } else { rule.id.to_string() };
    open.iter().map(shown).collect()
}

fn looked_at(page: &mut Page, report: &Report) {
    let read: Vec<&Coverage> = report.coverage.iter().filter(|line| line.status == Status::Ok).collect();
    if read.is_empty() {
        return;
    }
    page.heading("What was looked at");
    let column = read.iter().map(|line| line.source.as_str().len()).max().unwrap_or(0);
    for line in read {
        let detail = if line.detail.is_empty() { line.source.describe() } else { &line.detail };
        page.paragraph(&format!("  {:column$}  ", line.source.as_str()), detail);
    }
}

fn next_steps(page: &mut Page, report: &Report, reader: Reader) {
    page.heading("What to do next");
    let counted: Vec<&Finding> = report.findings.iter().filter(counts).collect();
    if let Some(first) = counted.first() {
        page.paragraph(
            "  · ",
            "Check each finding at the machine in the way written under it, before anybody draws a conclusion.",
        );
        page.paragraph(
            "  · ",
            &format!(
                "What the first rule looks for, and what it cannot see: bearing-agent explain rule {}",
                first.rule
            ),
        );
        page.paragraph(
            "  · ",
            "What your organisation has allowed belongs into the policy as an approval with an owner and an expiry.",
        );
    }
    let refused = |line: &Coverage| {
        (line.status == Status::Denied && !is_left_out(line)) || line.detail.contains("no permission")
    };
    if reader == Reader::User && report.coverage.iter().any(refused) {
        page.paragraph("  · ", "Some gaps close when the same command runs as administrator (sudo).");
    }
    page.paragraph(
        "  · ",
        "Everything that was read, and what of it would leave this machine: bearing-agent facts",
    );
    page.paragraph("  · ", "The same report for programs: bearing-agent evaluate --format json");
}

/// The host's words for a source that policy does not allow.
const SWITCHED_OFF: &str = "switched off by policy";
/// More rules than this are named by their id alone.
const RULES_BY_NAME: usize = 2;
/// Characters of one observed value that a page shows.
const MAX_SHOWN_VALUE: usize = 600;

#[cfg(test)]
mod tests;
