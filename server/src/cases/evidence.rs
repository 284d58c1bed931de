//! What counts as evidence, and what is new about it since a case was closed.

use bearing_protocol::{finding::Finding, rule::Family, severity::Severity};
use bearing_store::{CaseMember, ClosingMark, FindingRow, FindingStatus};

use super::shown_severity;

/// Whether a finding adds to remote-operation evidence: posture is counted apart, and what is informational adds nothing.
pub fn counts(row: &FindingRow) -> bool {
    row.finding.family != Family::Posture && shown_severity(row) > Severity::Informational
}

/// The kinds of evidence a finding has, in order. Values and places are left out: the same thing seen again in
/// another version or at another port is no other evidence.
pub fn shape_of(finding: &Finding) -> Vec<String> {
    let mut shape: Vec<String> = finding
        .evidence
        .iter()
        .map(|piece| {
            let rule = piece.rule.map(|rule| rule.to_string()).unwrap_or_default();
            format!("{}/{}/{rule}", piece.source.as_str(), piece.field)
        })
        .collect();
    shape.sort();
    shape.dedup();
    shape
}

/// How a finding stands now, to be kept when its case is closed.
pub fn mark(row: &FindingRow) -> ClosingMark {
    ClosingMark { severity: shown_severity(row), shape: shape_of(&row.finding) }
}

/// Whether somebody still has to say what it is.
pub(super) const fn is_open(status: FindingStatus) -> bool {
    matches!(status, FindingStatus::Open | FindingStatus::InReview)
}

/// What is new about a finding that was in a case when it was closed; nothing where it was merely seen again.
pub(super) fn news_of(row: &FindingRow, member: &CaseMember) -> Option<String> {
    let before = member.closing.as_ref()?;
    if member.moved_to.is_some() || !is_open(row.status) || !counts(row) {
        return None;
    }
    let severity = shown_severity(row);
    let rule = row.finding.rule;
    if severity > before.severity {
        return Some(format!("{rule} grew graver: {} → {severity}", before.severity));
    }
    let new: Vec<String> =
        shape_of(&row.finding).into_iter().filter(|kind| !before.shape.contains(kind)).collect();
    (!new.is_empty()).then(|| format!("{rule} has evidence of a new kind: {}", new.join(", ")))
}

#[cfg(test)]
mod tests {
    use bearing_store::conformance::sample;

    use super::*;

    fn row(severity: Severity) -> FindingRow {
        FindingRow {
            device: sample::new_device(1).id,
            finding: sample::finding("KV-01", "a", severity),
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

    fn member(closing: ClosingMark) -> CaseMember {
        let row = row(Severity::High);
        CaseMember {
            device: row.device,
            finding: row.finding.id,
            added_at: sample::at(1),
            report: None,
            moved_to: None,
            closing: Some(closing),
        }
    }

    #[test]
    fn another_sighting_is_no_news() {
        let known = member(mark(&row(Severity::High)));
        let mut again = row(Severity::High);
        again.finding.evidence[0].value = "another version".to_owned();
        again.finding.evidence[0].location = "1-7".to_owned();
        again.last_seen = sample::at(1_000);
        assert_eq!(news_of(&again, &known), None);
        assert_eq!(news_of(&row(Severity::Low), &known), None, "lesser is no news either");
    }

    #[test]
    fn a_graver_severity_and_another_kind_of_evidence_are_news() {
        let known = member(mark(&row(Severity::High)));
        let graver =
            FindingRow { raised: Some((Severity::Critical, "seen from afar".into())), ..row(Severity::High) };
        assert_eq!(news_of(&graver, &known).unwrap(), "KV-01 grew graver: high → critical");
        let mut other = row(Severity::High);
        other.finding.evidence[0].field = "report descriptor".to_owned();
        assert!(news_of(&other, &known).unwrap().contains("usb/report descriptor/"));
        let approved = FindingRow { status: FindingStatus::Approved, ..other };
        assert_eq!(news_of(&approved, &known), None, "what is approved is no news");
    }
}
