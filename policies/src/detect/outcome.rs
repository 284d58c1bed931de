//! From findings and coverage to one outcome per rule.
//!
//! Always, in this order: switched off → `not_checked`; no meaning on this system → `not_applicable`; an
//! unapproved finding → `fail`; a needed source unread → `not_checked` or `error`; what the detector stated;
//! a needed source read in part → `unknown`; an approved finding → `pass` with its reason; else `pass`.

use std::collections::BTreeMap;

use bearing_protocol::{
    coverage::{Coverage, Source, Status},
    fact::Facts,
    finding::Finding,
    outcome::{Outcome, RuleOutcome},
    rule::RuleId,
};

use crate::{
    Catalogue, Policy,
    case::speaks_of,
    rule::{Rule, Status as RuleStatus},
};

pub(super) fn of_all_rules(
    facts: &Facts,
    catalogue: &Catalogue,
    policy: &Policy,
    findings: &[Finding],
    settled: &BTreeMap<RuleId, (Outcome, String)>,
) -> Vec<RuleOutcome> {
    let rules = catalogue.rules().filter(|rule| rule.status != RuleStatus::Retired);
    rules.map(|rule| of_rule(rule, facts, policy, findings, settled.get(&rule.id))).collect()
}

fn of_rule(
    rule: &Rule,
    facts: &Facts,
    policy: &Policy,
    findings: &[Finding],
    settled: Option<&(Outcome, String)>,
) -> RuleOutcome {
    let with = |outcome, reason: Option<String>| RuleOutcome { rule: rule.id, outcome, reason };
    if !policy.family_is_on(rule.id.family()) {
        let reason = format!("family `{}` is switched off by policy `{}`", rule.id.family(), policy.name());
        return with(Outcome::NotChecked, Some(reason));
    }
    let system = facts.os.family.as_str();
    if !system.is_empty() && !rule.platforms.iter().any(|platform| platform.as_str() == system) {
        return with(Outcome::NotApplicable, Some(format!("has no meaning on {system}")));
    }
    let mut of_this_rule = findings.iter().filter(|finding| speaks_of(finding, rule.id)).peekable();
    let approved = of_this_rule.peek().is_some();
    let approval = of_this_rule.clone().find_map(|finding| finding.approval.as_ref());
    if of_this_rule.any(|finding| finding.approval.is_none()) {
        return with(Outcome::Fail, None);
    }
    if let Some((outcome, reason)) = unmet(rule, facts, policy) {
        return with(outcome, Some(reason));
    }
    if let Some((outcome, reason)) = settled {
        return with(*outcome, Some(reason.clone()));
    }
    if let Some(line) = rule.needs.iter().find_map(|need| coverage_of(facts, *need).filter(is_partial)) {
        return with(Outcome::Unknown, Some(reason_of(line)));
    }
    let reason = approval.filter(|_| approved).map(|approval| {
        format!("approved by {} until {}: {}", approval.owner, approval.expires, approval.reason)
    });
    with(Outcome::Pass, reason)
}

/// The first need that was not met, as outcome and reason.
fn unmet(rule: &Rule, facts: &Facts, policy: &Policy) -> Option<(Outcome, String)> {
    rule.needs.iter().find_map(|need| {
        if !policy.source_is_on(*need) {
            return Some((Outcome::NotChecked, format!("source `{need}` is switched off by policy")));
        }
        let Some(line) = coverage_of(facts, *need) else {
            return Some((Outcome::NotChecked, format!("source `{need}` was not read")));
        };
        match line.status {
            Status::Ok | Status::Partial => None,
            Status::Unsupported | Status::Denied => Some((Outcome::NotChecked, reason_of(line))),
            Status::Error => Some((Outcome::Error, reason_of(line))),
        }
    })
}

fn coverage_of(facts: &Facts, source: Source) -> Option<&Coverage> {
    facts.coverage.iter().find(|line| line.source == source)
}

fn is_partial(line: &&Coverage) -> bool {
    line.status == Status::Partial
}

fn reason_of(line: &Coverage) -> String {
    if line.detail.is_empty() {
        format!("source `{}`: {}", line.source, line.status)
    } else {
        format!("source `{}`: {}: {}", line.source, line.status, line.detail)
    }
}
