//! A case: facts, and what the rules must make of them.
//!
//! `cases/RULE/hit-*.toml` must raise a finding of RULE, `cases/RULE/miss-*.toml` must not: a miss is the
//! nearest innocent thing. Facts that are not written are absent, and sources that are not written were read
//! completely, so that a case says only what matters.
//!
//! Always: a key that no fact has is an error, or a typing mistake would make a miss case pass.

use bearing_protocol::{
    Timestamp,
    coverage::{Coverage, Source, Status},
    fact::Facts,
    finding::Finding,
    outcome::Outcome,
    rule::RuleId,
    severity::{Confidence, Severity},
};
use serde::Deserialize;

use crate::{
    Catalogue, Policy, evaluate,
    source_text::{self, Problem},
};

/// A case as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is, in a sentence.
    pub name: String,
    /// The nearest thing it must not be taken for, or why it must be found.
    #[serde(default)]
    pub why: String,
    /// What was observed.
    #[serde(default)]
    facts: toml::Table,
    /// A site policy, in the form that people write; the default profile where absent.
    #[serde(default)]
    policy: Option<toml::Table>,
    /// When the rules are applied.
    #[serde(default = "default_instant")]
    pub now: Timestamp,
    /// What must come out.
    #[serde(default)]
    pub expect: Expectation,
}

/// What must come out of a case. Everything but what is written here is free.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    /// The rule's outcome. Where absent: `fail` for a hit, anything but `fail` for a miss.
    pub outcome: Option<Outcome>,
    /// Severity of the rule's gravest finding.
    pub severity: Option<Severity>,
    /// Confidence of the rule's gravest finding.
    pub confidence: Option<Confidence>,
    /// Product of the rule's gravest finding.
    pub product: Option<String>,
    /// Subject of the rule's gravest finding.
    pub subject: Option<String>,
    /// How many findings the rule has.
    pub findings: Option<usize>,
    /// Whether the rule's finding is covered by an approval.
    pub approved: Option<bool>,
    /// Other rules that must fire as well (in a finding of their own or as evidence in a fused one).
    pub also: Vec<RuleId>,
    /// Rules that must not fire.
    pub never: Vec<RuleId>,
    /// The highest severity that any finding of this case may have.
    pub at_most: Option<Severity>,
    /// The highest severity that a finding of the rule itself may have; for a miss, which may otherwise have none.
    pub rule_at_most: Option<Severity>,
    /// Texts that some evidence value of the rule's findings must contain.
    pub evidence: Vec<String>,
}

/// Whether the rule must fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It must.
    Hit,
    /// It must not.
    Miss,
}

/// The rule and kind that a case's path names (`cases/RA-01/hit-anydesk.toml`).
pub fn address(path: &str) -> Option<(RuleId, Kind)> {
    let mut parts = path.rsplit('/');
    let file = parts.next()?;
    let rule = parts.next()?.parse().ok()?;
    match file {
        _ if file.starts_with("hit-") => Some((rule, Kind::Hit)),
        _ if file.starts_with("miss-") => Some((rule, Kind::Miss)),
        _ => None,
    }
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// The first unknown or malformed key, with its line where the parser knows it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let case: Self = source_text::parse(file, text)?;
        case.facts().map_err(|message| Problem { message, ..Problem::at(file, text, "facts", "") })?;
        Ok(case)
    }

    /// Its facts, with coverage filled in.
    ///
    /// # Errors
    /// A key that no fact has, or a value of the wrong kind.
    pub fn facts(&self) -> Result<Facts, String> {
        facts_of(&self.facts)
    }

    /// Its policy.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn policy(&self) -> Result<Policy, String> {
        let Some(table) = &self.policy else {
            return Policy::profile("default").ok_or_else(|| "no default profile".to_owned());
        };
        let text = toml::to_string(table).map_err(|error| error.to_string())?;
        Policy::from_toml(&text).map_err(|error| error.to_string())
    }

    /// Runs the case for `rule` and says what is not as expected.
    ///
    /// # Errors
    /// Every difference, one a line.
    pub fn run(&self, rule: RuleId, kind: Kind, catalogue: &Catalogue) -> Result<(), String> {
        let facts = self.facts()?;
        let evaluation = evaluate(&facts, catalogue, &self.policy()?, self.now);
        let outcome = evaluation.outcomes.iter().find(|o| o.rule == rule).map(|o| o.outcome);
        let own: Vec<&Finding> = evaluation.findings.iter().filter(|f| speaks_of(f, rule)).collect();
        let first = own.first().copied();
        let expect = &self.expect;
        let mut wrong = Vec::new();
        match kind {
            Kind::Hit if own.is_empty() => wrong.push(format!("{rule} raised no finding")),
            Kind::Miss if !own.is_empty() => match expect.rule_at_most {
                Some(most) if own.iter().all(|f| f.severity <= most) => {}
                _ => wrong.push(format!("{rule} raised a finding")),
            },
            Kind::Hit | Kind::Miss => {}
        }
        match (expect.outcome, outcome, kind) {
            (Some(want), got, _) if got != Some(want) => wrong.push(format!("outcome {got:?}, want {want}")),
            (None, got, Kind::Hit) if got != Some(Outcome::Fail) && expect.approved != Some(true) => {
                wrong.push(format!("outcome {got:?}, want fail"));
            }
            (None, Some(Outcome::Fail), Kind::Miss) if expect.rule_at_most.is_none() => {
                wrong.push("outcome fail".into());
            }
            _ => {}
        }
        check(&mut wrong, "severity", expect.severity.as_ref(), first.map(|f| &f.severity));
        check(&mut wrong, "confidence", expect.confidence.as_ref(), first.map(|f| &f.confidence));
        check(&mut wrong, "product", expect.product.as_ref(), first.and_then(|f| f.product.as_ref()));
        check(&mut wrong, "subject", expect.subject.as_ref(), first.map(|f| &f.subject));
        check(&mut wrong, "findings", expect.findings.as_ref(), Some(&own.len()));
        let approved = own.iter().any(|f| f.approval.is_some());
        check(&mut wrong, "approved", expect.approved.as_ref(), Some(&approved));
        for other in &expect.also {
            if !evaluation.findings.iter().any(|f| speaks_of(f, *other)) {
                wrong.push(format!("{other} raised no finding"));
            }
        }
        for other in &expect.never {
            if evaluation.findings.iter().any(|f| speaks_of(f, *other)) {
                wrong.push(format!("{other} raised a finding"));
            }
        }
        if let Some(most) = expect.at_most {
            for finding in evaluation.findings.iter().filter(|f| f.severity > most) {
                wrong.push(format!("{} is {}, at most {most} is allowed", finding.rule, finding.severity));
            }
        }
        for text in &expect.evidence {
            if !own.iter().flat_map(|f| &f.evidence).any(|e| e.value.contains(text)) {
                wrong.push(format!("no evidence value contains `{text}`"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        for finding in &evaluation.findings {
            wrong.push(format!(
                "  {} {} {} {:?} {}: {}",
                finding.rule,
                finding.severity,
                finding.confidence,
                finding.product,
                finding.subject,
                finding.title
            ));
        }
        Err(wrong.join("\n"))
    }
}

/// Whether a finding is of this rule, alone or among others.
pub fn speaks_of(finding: &Finding, rule: RuleId) -> bool {
    finding.rule == rule || finding.evidence.iter().any(|evidence| evidence.rule == Some(rule))
}

fn check<T: PartialEq + std::fmt::Debug>(
    wrong: &mut Vec<String>,
    what: &str,
    want: Option<&T>,
    got: Option<&T>,
) {
    if want.is_some() && want != got {
        wrong.push(format!("{what} {got:?}, want {want:?}"));
    }
}

/// Reads the facts of a case: Linux where no system is named, every source that is not named read completely.
///
/// # Errors
/// A key that no fact has, or a value of the wrong kind.
pub fn facts_of(table: &toml::Table) -> Result<Facts, String> {
    let mut facts = read_facts(table)?;
    if facts.os.family.is_empty() {
        facts.os.family = "linux".into();
    }
    for source in Source::ALL {
        if !facts.coverage.iter().any(|line| line.source == *source) {
            facts.coverage.push(Coverage { source: *source, status: Status::Ok, detail: String::new() });
        }
    }
    Ok(facts)
}

/// Reads facts strictly: what is written must be there again when the facts are written back.
fn read_facts(table: &toml::Table) -> Result<Facts, String> {
    let written = serde_json::to_value(table).map_err(|error| error.to_string())?;
    let facts: Facts = serde_json::from_value(written.clone()).map_err(|error| error.to_string())?;
    let back = serde_json::to_value(&facts).map_err(|error| error.to_string())?;
    match unknown_key(&written, &back) {
        Some(key) => Err(format!("`facts{key}` is no fact")),
        None => Ok(facts),
    }
}

fn unknown_key(written: &serde_json::Value, back: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match (written, back) {
        (Value::Object(written), Value::Object(back)) => written.iter().find_map(|(key, value)| {
            let Some(kept) = back.get(key) else {
                // What `skip_serializing_if` leaves out when it is empty is known all the same.
                return (!matches!(value, Value::String(text) if text.is_empty())).then(|| format!(".{key}"));
            };
            unknown_key(value, kept).map(|rest| format!(".{key}{rest}"))
        }),
        (Value::Array(written), Value::Array(back)) => {
            written.iter().zip(back).enumerate().find_map(|(index, (written, back))| {
                unknown_key(written, back).map(|rest| format!("[{index}]{rest}"))
            })
        }
        _ => None,
    }
}

fn default_instant() -> Timestamp {
    // 2026-11-22T10:00:00Z, a quarter hour like any other.
    Timestamp::from_second(1_795_341_600).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_instant_is_the_one_the_comment_says() {
        assert_eq!(default_instant().to_string(), "2026-11-22T10:00:00Z");
    }

    #[test]
    fn a_mistyped_fact_is_an_error() {
        let text = "name = \"x\"\n[[facts.processes]]\npid = 1\nexecutabel = \"/bin/x\"\n";
        let problem = Case::parse("c.toml", text).unwrap_err();
        assert!(problem.message.contains("processes[0].executabel"), "{problem}");
        assert!(problem.line.is_some());
    }

    #[test]
    fn addresses_name_rule_and_kind() {
        let (rule, kind) = address("cases/RA-01/hit-x.toml").unwrap();
        assert_eq!((rule.as_str(), kind), ("RA-01", Kind::Hit));
        assert!(address("cases/remote-access/x.toml").is_none());
    }
}
