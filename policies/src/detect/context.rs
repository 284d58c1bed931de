//! What a detector is given, and where it puts what it found.
//!
//! Always: a finding takes its ATT&CK ids, controls, disproof and remediation from its rule's file, its id from
//! the cause alone, and its severity from the detector unless policy overrides it; text from the machine is made
//! printable here, once, for all detectors.

use std::{cell::OnceCell, collections::BTreeMap, rc::Rc};

use bearing_protocol::{
    Timestamp,
    coverage::Source,
    fact::Facts,
    finding::{Approval, Evidence, Finding},
    id::FindingId,
    limits::{MAX_EVIDENCE, MAX_FINDINGS, MAX_TEXT_BYTES},
    outcome::Outcome,
    rule::{Family, RuleId},
    severity::{Confidence, Severity},
    text::{printable, truncate},
};

use super::{
    Evaluation, outcome,
    sighting::{Sighting, gather},
};
use crate::{Catalogue, Policy, policy::Scope};

/// What a detector reads, and where it reports.
pub struct Context<'a> {
    /// What was observed.
    pub facts: &'a Facts,
    /// Tools, devices and rules.
    pub catalogue: &'a Catalogue,
    /// The site's policy.
    pub policy: &'a Policy,
    /// When the rules are applied.
    pub now: Timestamp,
    findings: Vec<Finding>,
    settled: BTreeMap<RuleId, (Outcome, String)>,
    sightings: OnceCell<Rc<[Sighting<'a>]>>,
}

/// A finding as a detector describes it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The rule that speaks for it.
    pub rule: &'static str,
    /// How grave here; `None` is the rule's own severity.
    pub severity: Option<Severity>,
    /// How sure.
    pub confidence: Confidence,
    /// One line for a person.
    pub title: String,
    /// `kind:name`.
    pub subject: String,
    /// The catalogue's id, where a product was recognised.
    pub product: Option<String>,
    /// What makes this cause the same tomorrow: never a port, process id, path of one boot, or HMAC.
    pub cause: String,
    /// The least that shows it, strongest first.
    pub evidence: Vec<Evidence>,
}

/// One piece of evidence.
pub fn evidence(
    source: Source,
    location: impl Into<String>,
    field: impl Into<String>,
    value: impl Into<String>,
    why: impl Into<String>,
) -> Evidence {
    Evidence {
        source,
        location: location.into(),
        field: field.into(),
        value: value.into(),
        why: why.into(),
        rule: None,
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        catalogue: &'a Catalogue,
        policy: &'a Policy,
        now: Timestamp,
    ) -> Self {
        Self {
            facts,
            catalogue,
            policy,
            now,
            findings: Vec::new(),
            settled: BTreeMap::new(),
            sightings: OnceCell::new(),
        }
    }

    /// The catalogue's tools that are on this machine; gathered once.
    pub fn sightings(&self) -> Rc<[Sighting<'a>]> {
        Rc::clone(self.sightings.get_or_init(|| gather(self.facts, self.catalogue).into()))
    }

    /// Takes a finding. A rule without a file, or one that is retired, raises nothing.
    pub fn report(&mut self, draft: Draft) {
        self.report_scoped(draft, &[]);
    }

    /// Takes a finding of which approvals may cover parts: it is approved where each of `scopes` is covered.
    pub fn report_scoped(&mut self, draft: Draft, scopes: &[Scope]) {
        self.report_story(draft, scopes, None);
    }

    /// The same, with words of its own on how to show that it is wrong.
    pub fn report_story(&mut self, draft: Draft, scopes: &[Scope], disproof: Option<String>) {
        let Some(rule) = self.catalogue.rule(draft.rule) else { return };
        let seen = draft.severity.unwrap_or(rule.severity);
        let severity = match self.policy.severity_of(rule.id) {
            Some(wanted) => moved(seen, rule.severity, wanted),
            None => seen,
        };
        // Hardware findings fuse several rules, and which is strongest may change: the family names the cause.
        let cause_of = match rule.id.family() {
            family @ Family::Kvm => family.prefix(),
            _ => rule.id.as_str(),
        };
        let id = FindingId::of_cause(cause_of, draft.product.as_deref(), &draft.cause);
        let approval = self.approval_of(rule.id, draft.product.as_deref(), scopes);
        let finding = Finding {
            id,
            rule: rule.id,
            family: rule.id.family(),
            severity,
            confidence: draft.confidence,
            title: clean(&draft.title),
            subject: clean(&draft.subject),
            product: draft.product,
            evidence: draft
                .evidence
                .into_iter()
                .take(MAX_EVIDENCE)
                .map(|piece| clean_evidence(&piece))
                .collect(),
            attack: rule.attack.clone(),
            controls: rule.controls.clone(),
            disproof: disproof.unwrap_or_else(|| rule.disproof.clone()),
            remediation: rule.remediation.clone(),
            approval,
        };
        // The same cause twice is one finding: the graver one, with the other's evidence.
        if let Some(known) = self.findings.iter_mut().find(|known| known.id == finding.id) {
            known.severity = known.severity.max(finding.severity);
            known.confidence = known.confidence.max(finding.confidence);
            // An approval of one cause's first appearance does not cover its second.
            known.approval = known.approval.take().filter(|_| finding.approval.is_some());
            let room = MAX_EVIDENCE.saturating_sub(known.evidence.len());
            let new: Vec<Evidence> = finding
                .evidence
                .into_iter()
                .filter(|piece| !known.evidence.contains(piece))
                .take(room)
                .collect();
            known.evidence.extend(new);
        } else if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// The approval that covers every one of `scopes`; the first's where there are several.
    pub fn approval_of(&self, rule: RuleId, product: Option<&str>, scopes: &[Scope]) -> Option<Approval> {
        let whole = [Scope::default()];
        let scopes = if scopes.is_empty() { &whole } else { scopes };
        let each = scopes.iter().map(|scope| self.policy.approval_for(rule, product, scope, self.now));
        each.collect::<Option<Vec<_>>>()?.into_iter().next()
    }

    /// States a rule's outcome where facts were read and it is neither a plain pass nor a finding.
    pub fn settle(&mut self, rule: &str, outcome: Outcome, reason: impl Into<String>) {
        if let Some(rule) = self.catalogue.rule(rule) {
            self.settled.insert(rule.id, (outcome, clean(&reason.into())));
        }
    }

    pub(super) fn finish(mut self) -> Evaluation {
        self.findings.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then(b.confidence.cmp(&a.confidence)).then_with(|| {
                (a.rule, &a.product, &a.subject, &a.id).cmp(&(b.rule, &b.product, &b.subject, &b.id))
            })
        });
        let outcomes =
            outcome::of_all_rules(self.facts, self.catalogue, self.policy, &self.findings, &self.settled);
        Evaluation { outcomes, findings: self.findings }
    }
}

/// The severity of a finding whose rule policy moves from `usual` to `wanted`: a lower one caps every finding of the
/// rule, a higher one lifts each by as many steps; what is informational stays so.
fn moved(seen: Severity, usual: Severity, wanted: Severity) -> Severity {
    if wanted <= usual {
        return seen.min(wanted);
    }
    let steps = |severity: Severity| Severity::ALL.iter().take_while(|other| **other < severity).count();
    match seen {
        Severity::Informational => seen,
        _ => {
            let step = steps(seen) + steps(wanted) - steps(usual);
            Severity::ALL.get(step).copied().unwrap_or(Severity::Critical)
        }
    }
}

fn clean_evidence(piece: &Evidence) -> Evidence {
    Evidence {
        location: clean(&piece.location),
        field: clean(&piece.field),
        value: clean(&piece.value),
        why: clean(&piece.why),
        source: piece.source,
        rule: piece.rule,
    }
}

fn clean(text: &str) -> String {
    let shown = printable(truncate(text, MAX_TEXT_BYTES), MAX_TEXT_BYTES);
    truncate(&shown, MAX_TEXT_BYTES).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Severity::*, *};

    #[test]
    fn policy_caps_or_lifts() {
        assert_eq!(moved(High, High, Low), Low);
        assert_eq!(moved(Low, High, Medium), Low);
        assert_eq!(moved(Critical, High, Medium), Medium);
        assert_eq!(moved(Medium, Medium, High), High);
        assert_eq!(moved(Low, Medium, High), Medium);
        assert_eq!(moved(Informational, Medium, Critical), Informational);
        assert_eq!(moved(High, Medium, Critical), Critical);
        assert_eq!(moved(High, High, High), High);
    }
}
