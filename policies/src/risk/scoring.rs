//! Findings of one device → evidence, posture and verdict.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use bearing_protocol::{
    rule::{Family, RuleId},
    severity::Severity,
};
use serde::{Deserialize, Serialize};

/// Where a finding stands, as far as the score is concerned. Only open ones count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "plain words")]
pub enum RiskStatus {
    Open,
    Approved,
    Suppressed,
    Expected,
    NotAssessed,
}

/// One finding, as the score sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskInput {
    /// Its rule.
    pub rule: RuleId,
    /// Its severity.
    pub severity: Severity,
    /// Where it stands.
    pub status: RiskStatus,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing to do. Never "clear": nobody is acquitted.
    NothingFound,
    /// An analyst should look.
    Review,
    /// An analyst should find out.
    Investigate,
    /// A proposal: a named person decides, with a written reason and after the disproof steps.
    Escalate,
    /// The device was silent: no statement.
    NotAssessed,
    /// Only the agent's own supply or policy path is in question: for the platform's owner.
    PlatformIncident,
}

impl Verdict {
    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NothingFound => "nothing_found",
            Self::Review => "review",
            Self::Investigate => "investigate",
            Self::Escalate => "escalate",
            Self::NotAssessed => "not_assessed",
            Self::PlatformIncident => "platform_incident",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A device's score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RiskResult {
    /// Remote-operation evidence; absent where the verdict has no score.
    pub evidence: Option<f64>,
    /// What there is to do.
    pub verdict: Verdict,
    /// Posture points, by the same formula over PO findings alone.
    pub posture: f64,
    /// The arithmetic, a line a step.
    pub arithmetic: Vec<String>,
}

/// The weights. Data, so that a site can hold its own and an auditor can recompute.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    points: BTreeMap<Severity, f64>,
    family: FamilyWeights,
    verdict: Thresholds,
    gates: Gates,
    kvm_kinds: BTreeMap<String, Vec<RuleId>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyWeights {
    cap: f64,
    rest_weight: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thresholds {
    review: f64,
    investigate: f64,
    escalate: f64,
    escalate_families: usize,
    escalate_family_points: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gates {
    ordinary: Vec<RuleId>,
}

static EMBEDDED: LazyLock<Result<Scoring, toml::de::Error>> =
    LazyLock::new(|| Scoring::from_toml(include_str!("scoring.toml")));

/// Scores with the weights that are built in. Those are checked by a test; were they broken, the result
/// would be `not_assessed` and its arithmetic would say why.
pub fn score(findings: &[RiskInput]) -> RiskResult {
    match &*EMBEDDED {
        Ok(scoring) => scoring.score(findings),
        Err(error) => RiskResult {
            evidence: None,
            verdict: Verdict::NotAssessed,
            posture: 0.0,
            arithmetic: vec![format!("the built-in weights cannot be read: {error}")],
        },
    }
}

impl Scoring {
    /// Reads weights as people write them.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Scores one device's findings.
    pub fn score(&self, findings: &[RiskInput]) -> RiskResult {
        let open: Vec<_> = findings.iter().filter(|f| f.status == RiskStatus::Open).copied().collect();
        let mut arithmetic = Vec::new();
        let posture = self.family_score(&of_family(&open, Family::Posture), &mut Vec::new(), Family::Posture);
        let counted: Vec<_> = open.iter().filter(|f| f.rule.family() != Family::Posture).copied().collect();

        let mut evidence = 0.0;
        let mut strong_families = 0;
        for family in Family::ALL.into_iter().filter(|family| *family != Family::Posture) {
            let of_this = of_family(&counted, family);
            if of_this.is_empty() {
                continue;
            }
            let points = if family == Family::Kvm {
                self.kvm_score(&of_this, &mut arithmetic)
            } else {
                self.family_score(&of_this, &mut arithmetic, family)
            };
            evidence += points;
            strong_families += usize::from(points >= self.verdict.escalate_family_points);
        }
        let evidence = round_tenth(evidence);
        arithmetic.push(format!("evidence = {evidence:.1}"));
        let not_counted = findings.len() - open.len();
        if not_counted > 0 {
            arithmetic.push(format!("{not_counted} approved, expected or not assessed: 0 points each"));
        }

        if !counted.is_empty() && counted.iter().all(|f| f.rule.as_str() == "AT-04") {
            arithmetic.push("only AT-04 is open: a platform incident, not this person's case".to_owned());
            return RiskResult { evidence: None, verdict: Verdict::PlatformIncident, posture, arithmetic };
        }
        let verdict =
            self.gate(self.band(evidence, strong_families, &mut arithmetic), &counted, &mut arithmetic);
        let silent = findings.iter().any(|f| f.rule.as_str() == "AT-01");
        if silent && verdict <= Verdict::Review {
            arithmetic.push("the device was silent (AT-01): no statement".to_owned());
            return RiskResult { evidence: None, verdict: Verdict::NotAssessed, posture, arithmetic };
        }
        arithmetic.push(format!("verdict: {verdict}"));
        RiskResult { evidence: Some(evidence), verdict, posture, arithmetic }
    }

    fn points(&self, severity: Severity) -> f64 {
        self.points.get(&severity).copied().unwrap_or(0.0)
    }

    fn family_score(&self, findings: &[RiskInput], arithmetic: &mut Vec<String>, family: Family) -> f64 {
        let mut points: Vec<_> = findings.iter().map(|f| (self.points(f.severity), f)).collect();
        points.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some((first, rest)) = points.split_first() else { return 0.0 };
        let sum: f64 = rest.iter().map(|(p, _)| p).sum();
        let raw = first.0 + self.family.rest_weight * sum;
        let capped = raw.min(self.family.cap);
        let mut line =
            format!("{} {}: {} {} {:.0}", family.prefix(), family, first.1.rule, first.1.severity, first.0);
        if !rest.is_empty() {
            let listed: Vec<_> = rest.iter().map(|(p, f)| format!("{} {p:.0}", f.rule)).collect();
            line.push_str(&format!(" + {} × ({})", self.family.rest_weight, listed.join(" + ")));
        }
        if raw > capped {
            line.push_str(&format!(" = {raw:.1}, capped at {capped:.0}"));
        } else {
            line.push_str(&format!(" = {capped:.1}"));
        }
        arithmetic.push(line);
        capped
    }

    fn kvm_score(&self, findings: &[RiskInput], arithmetic: &mut Vec<String>) -> f64 {
        let strong_kinds: Vec<_> = self
            .kvm_kinds
            .iter()
            .filter(|(_, rules)| {
                findings.iter().any(|f| rules.contains(&f.rule) && f.severity >= Severity::High)
            })
            .map(|(kind, _)| kind.as_str())
            .collect();
        let worst = findings.iter().map(|f| f.severity).max().unwrap_or(Severity::Informational);
        let listed: Vec<_> = findings.iter().map(|f| format!("{} {}", f.rule, f.severity)).collect();
        let (fused, reason) = if strong_kinds.len() >= 2 {
            (Severity::Critical, format!("two kinds at high or more: {}", strong_kinds.join(", ")))
        } else {
            (worst, "the gravest".to_owned())
        };
        let points = self.points(fused);
        arithmetic
            .push(format!("KV kvm: one story of {} → {fused} ({reason}) = {points:.1}", listed.join(", ")));
        points
    }

    fn band(&self, evidence: f64, strong_families: usize, arithmetic: &mut Vec<String>) -> Verdict {
        let limits = &self.verdict;
        if evidence < limits.review {
            Verdict::NothingFound
        } else if evidence < limits.investigate {
            Verdict::Review
        } else if evidence < limits.escalate {
            Verdict::Investigate
        } else if strong_families >= limits.escalate_families {
            Verdict::Escalate
        } else {
            arithmetic.push(format!(
                "{} or more, but fewer than {} families at {} or more: investigate",
                limits.escalate, limits.escalate_families, limits.escalate_family_points
            ));
            Verdict::Investigate
        }
    }

    fn gate(&self, verdict: Verdict, counted: &[RiskInput], arithmetic: &mut Vec<String>) -> Verdict {
        let anchored =
            counted.iter().any(|f| f.severity >= Severity::High && !self.gates.ordinary.contains(&f.rule));
        let mut verdict = verdict;
        if !anchored && verdict > Verdict::Review {
            arithmetic
                .push(format!("no anchoring finding outside the ordinary set: {verdict} becomes review"));
            verdict = Verdict::Review;
        }
        let kvm = counted.iter().any(|f| f.rule.family() == Family::Kvm && f.severity >= Severity::Medium);
        if kvm && verdict < Verdict::Review {
            arithmetic.push("a KV finding at medium or more is at least review".to_owned());
            verdict = Verdict::Review;
        }
        verdict
    }
}

fn of_family(findings: &[RiskInput], family: Family) -> Vec<RiskInput> {
    findings.iter().filter(|f| f.rule.family() == family).copied().collect()
}

fn round_tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(rule: &str, severity: Severity) -> RiskInput {
        RiskInput { rule: rule.parse().unwrap(), severity, status: RiskStatus::Open }
    }

    #[test]
    fn two_strong_kinds_on_one_host_are_critical_together() {
        let result = score(&[open("KV-03", Severity::High), open("KV-05", Severity::High)]);
        assert_eq!(result.evidence, Some(25.0));
        assert_eq!(result.verdict, Verdict::Investigate);
    }

    #[test]
    fn everyday_tools_alone_are_at_most_a_review() {
        let result = score(&[
            open("TU-03", Severity::High),
            open("RA-11", Severity::High),
            open("AI-01", Severity::Medium),
        ]);
        assert!(result.evidence.unwrap() >= 20.0);
        assert_eq!(result.verdict, Verdict::Review);
    }

    #[test]
    fn only_the_agents_own_supply_path_is_a_platform_incident() {
        let result = score(&[open("AT-04", Severity::High), open("PO-02", Severity::Medium)]);
        assert_eq!(result.verdict, Verdict::PlatformIncident);
        assert_eq!(result.posture, 5.0);
    }

    #[test]
    fn one_family_at_its_cap_never_escalates_alone() {
        let many: Vec<_> = (1..=9).map(|n| open(&format!("LF-0{n}"), Severity::Critical)).collect();
        let result = score(&many);
        assert_eq!((result.evidence, result.verdict), (Some(25.0), Verdict::Investigate));
    }
}
