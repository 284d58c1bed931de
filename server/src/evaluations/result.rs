use std::collections::BTreeMap;

use bearing_protocol::{
    digest::Digest,
    id::DeviceId,
    outcome::Outcome,
    payload::{DeviceResult, EvaluationScope, ReportPayload, ResultCounts, RuleResult},
    rule::RuleId,
};

/// What one device's answer came to: a pure function of the report, so that whoever holds the bundle can
/// compute it again. Without a report every rule is `not_checked` for `why_not`.
pub fn device_result(
    device: &DeviceId,
    nonce: &str,
    report: Option<(&ReportPayload, Digest)>,
    why_not: Option<&str>,
    scope: &EvaluationScope,
    all_rules: &[RuleId],
) -> DeviceResult {
    let wanted = |rule: &RuleId| scope.rules.is_empty() || scope.rules.contains(rule);
    let Some((report, digest)) = report else {
        let reason = why_not.unwrap_or("no answer before the deadline").to_owned();
        let rules = all_rules
            .iter()
            .filter(|rule| wanted(rule))
            .map(|rule| RuleResult {
                rule: *rule,
                outcome: Outcome::NotChecked,
                reason: Some(reason.clone()),
            })
            .collect();
        return DeviceResult {
            device_id: device.clone(),
            nonce: nonce.to_owned(),
            report: None,
            not_assessed: Some(reason),
            rules,
            findings: BTreeMap::new(),
        };
    };
    let mut rules: Vec<_> = report
        .outcomes
        .iter()
        .filter(|outcome| wanted(&outcome.rule))
        .map(|o| RuleResult { rule: o.rule, outcome: o.outcome, reason: o.reason.clone() })
        .collect();
    for rule in scope.rules.iter().filter(|rule| !report.outcomes.iter().any(|o| o.rule == **rule)) {
        let reason = "the agent's report does not speak of this rule".to_owned();
        rules.push(RuleResult { rule: *rule, outcome: Outcome::NotChecked, reason: Some(reason) });
    }
    let findings = report
        .findings
        .iter()
        .filter(|finding| finding.approval.is_none() && wanted(&finding.rule))
        .map(|finding| (finding.id.clone(), finding.severity))
        .collect();
    DeviceResult {
        device_id: device.clone(),
        nonce: nonce.to_owned(),
        report: Some(digest),
        not_assessed: None,
        rules,
        findings,
    }
}

/// Sums over all devices and rules.
pub fn count(devices: &[DeviceResult]) -> ResultCounts {
    let mut counts = ResultCounts { devices: devices.len() as u64, ..ResultCounts::default() };
    for device in devices {
        counts.assessed += u64::from(device.report.is_some());
        for rule in &device.rules {
            let slot = match rule.outcome {
                Outcome::Pass => &mut counts.pass,
                Outcome::Fail => &mut counts.fail,
                Outcome::NotApplicable => &mut counts.not_applicable,
                Outcome::NotChecked | Outcome::Error | Outcome::Unknown => &mut counts.not_assessed,
            };
            *slot += 1;
        }
    }
    counts
}
