//! A case's verdict: each device's over its findings in the case, and the gravest of them.

use std::collections::BTreeMap;

use bearing_policies::risk::score;
use bearing_protocol::{id::DeviceId, severity::Severity};
use bearing_store::{CaseArithmetic, CaseMember, CaseRow, FindingRow, StoreError};

use crate::{app::App, correlate::risk_input};

/// The severity that is shown and counted: the reported one, or the raised one where that is graver.
pub fn shown_severity(row: &FindingRow) -> Severity {
    row.raised.as_ref().map_or(row.finding.severity, |(raised, _)| (*raised).max(row.finding.severity))
}

/// A case's verdict with its arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The gravest verdict.
    pub verdict: String,
    /// That device's evidence.
    pub evidence: Option<f64>,
    /// The highest posture, never mixed with the evidence.
    pub posture: f64,
    /// Each device's part, the gravest first.
    pub devices: Vec<CaseArithmetic>,
}

impl Judgement {
    /// Whether a row shows another one.
    pub fn differs(&self, row: &CaseRow) -> bool {
        self.verdict != row.verdict
            || self.evidence != row.evidence
            || self.posture != row.posture
            || self.devices != row.arithmetic
    }

    /// The row with this verdict.
    pub fn onto(self, row: CaseRow) -> CaseRow {
        let Self { verdict, evidence, posture, devices } = self;
        CaseRow { verdict, evidence, posture, arithmetic: devices, ..row }
    }
}

/// Where a verdict stands among others: the gravest first.
fn rank(verdict: &str) -> u8 {
    match verdict {
        "escalate" => 0,
        "investigate" => 1,
        "review" => 2,
        "platform_incident" => 3,
        "not_assessed" => 4,
        _ => 5,
    }
}

/// Judges findings of these devices. A device without a finding in the case has nothing found in it.
pub fn judge(devices: &[DeviceId], findings: &[FindingRow]) -> Judgement {
    let mut by_device: BTreeMap<&DeviceId, Vec<_>> =
        devices.iter().map(|device| (device, Vec::new())).collect();
    for row in findings {
        by_device.entry(&row.device).or_default().push(risk_input(row));
    }
    let mut parts: Vec<CaseArithmetic> = by_device
        .into_iter()
        .map(|(device, inputs)| {
            let result = score(&inputs);
            CaseArithmetic {
                device: device.clone(),
                verdict: result.verdict.as_str().to_owned(),
                evidence: result.evidence,
                posture: result.posture,
                lines: result.arithmetic,
            }
        })
        .collect();
    parts.sort_by(|a, b| {
        let evidence = |part: &CaseArithmetic| part.evidence.unwrap_or(-1.0);
        rank(&a.verdict)
            .cmp(&rank(&b.verdict))
            .then_with(|| evidence(b).total_cmp(&evidence(a)))
            .then_with(|| a.device.cmp(&b.device))
    });
    let gravest = parts.first();
    Judgement {
        verdict: gravest.map_or_else(|| "not_assessed".to_owned(), |part| part.verdict.clone()),
        evidence: gravest.and_then(|part| part.evidence),
        posture: parts.iter().map(|part| part.posture).fold(0.0, f64::max),
        devices: parts,
    }
}

/// The findings in a case as they stand now, without those that were moved.
///
/// # Errors
/// The store's.
pub async fn findings_of(app: &App, members: &[CaseMember]) -> Result<Vec<FindingRow>, StoreError> {
    let mut rows = Vec::with_capacity(members.len());
    for member in members.iter().filter(|member| member.moved_to.is_none()) {
        if let Some(row) = app.store.finding(&member.device, &member.finding).await? {
            rows.push(row);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use bearing_store::{FindingStatus, conformance::sample};

    use super::*;

    fn row(n: u16, rule: &str, severity: Severity) -> FindingRow {
        FindingRow {
            device: sample::new_device(n).id,
            finding: sample::finding(rule, "a", severity),
            origin: "agent".to_owned(),
            raised: None,
            status: FindingStatus::Open,
            assignee: None,
            approval: None,
            first_seen: sample::at(1),
            last_seen: sample::at(1),
            resolved_at: None,
            version: 1,
        }
    }

    #[test]
    fn a_group_has_the_gravest_verdict_and_never_a_sum() {
        let devices: Vec<_> = (1..=3).map(|n| sample::new_device(n).id).collect();
        let findings = [
            row(1, "KV-01", Severity::Critical),
            row(2, "KV-01", Severity::Critical),
            row(2, "PO-01", Severity::High),
            row(3, "PO-01", Severity::Critical),
        ];
        let judged = judge(&devices, &findings);
        assert_eq!((judged.verdict.as_str(), judged.evidence), ("investigate", Some(25.0)));
        assert_eq!(judged.devices.len(), 3);
        assert!(judged.devices.iter().all(|part| !part.lines.is_empty()), "{:?}", judged.devices);
        let third = judged.devices.iter().find(|part| part.device == devices[2]).unwrap();
        assert_eq!((third.evidence, third.verdict.as_str()), (Some(0.0), "nothing_found"));
        assert!(judged.posture >= third.posture && third.posture > 0.0, "posture stands beside it");
        assert_eq!(judge(&devices, &[]).verdict, "nothing_found");
    }
}
