//! Tricky scenarios, each with the look-alike that a naive check gets wrong, run as a table.
//!
//! Always: a scenario that these facts cannot express says why, and the number of those that run is asserted, so
//! that the table cannot shrink unseen.

use bearing_policies::{Catalogue, Policy, case::facts_of, embedded, evaluate};
use bearing_protocol::{Timestamp, finding::Finding, rule::Family, severity::Severity};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    why: String,
    #[serde(default)]
    skip: Option<String>,
    finding: bool,
    #[serde(default)]
    product: Option<String>,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    facts: toml::Table,
    #[serde(default)]
    policy: Option<toml::Table>,
}

const RUN: usize = 28;
const SKIPPED: usize = 4;

#[test]
fn every_scenario_comes_out_as_it_says() {
    let catalogue = Catalogue::embedded();
    let policy = Policy::default();
    let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let (mut run, mut skipped, mut wrong) = (0, 0, Vec::new());
    for (path, text) in embedded::CASES.iter().filter(|(path, _)| path.starts_with("cases/remote-access/")) {
        let scenario: Scenario = toml::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        if let Some(reason) = &scenario.skip {
            println!("skipped {path}: {reason}");
            skipped += 1;
            continue;
        }
        run += 1;
        let facts = facts_of(&scenario.facts).unwrap_or_else(|error| panic!("{path}: {error}"));
        let own = scenario
            .policy
            .as_ref()
            .map(|table| Policy::from_toml(&toml::to_string(table).unwrap()).unwrap());
        let evaluation = evaluate(&facts, &catalogue, own.as_ref().unwrap_or(&policy), now);
        let findings: Vec<&Finding> = evaluation
            .findings
            .iter()
            .filter(|finding| is_of_interest(finding) && finding.approval.is_none())
            .collect();
        let seen: Vec<String> = findings
            .iter()
            .map(|f| format!("{} {} {:?} {}", f.rule, f.severity, f.product, f.title))
            .collect();
        let fits = if scenario.finding {
            matches!(findings.as_slice(), [only] if only.product == scenario.product && Some(only.severity) == scenario.severity)
        } else {
            findings.is_empty()
        };
        if !fits {
            wrong.push(format!("{path}: {} ({})\n  got {seen:?}", scenario.name, scenario.why));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((run, skipped), (RUN, SKIPPED));
}

fn is_of_interest(finding: &Finding) -> bool {
    matches!(finding.family, Family::RemoteAccess | Family::Tunnel)
        && finding.severity > Severity::Informational
}
