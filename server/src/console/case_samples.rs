//! A case full of hostile text, from which its pages make their samples.

use bearing_protocol::id::CaseId;
use bearing_store::{
    CaseArithmetic, CaseCheck, CaseMember, CaseRow, CaseStatus, CaseSubject, CheckResult, CustodyEntry,
    FindingRow,
};

use super::samples::{HOSTILE, device, finding, now, verdict};
use crate::cases::{Entry, steps};

pub(super) fn case() -> CaseRow {
    let verdict = verdict();
    CaseRow {
        id: CaseId::from_bytes(&[7; 16]),
        subject: CaseSubject { kind: bearing_store::SubjectKind::Group, id: HOSTILE.into() },
        title: HOSTILE.into(),
        status: CaseStatus::InReview,
        verdict: verdict.verdict.clone(),
        evidence: verdict.evidence,
        posture: verdict.posture,
        arithmetic: vec![CaseArithmetic {
            device: verdict.device,
            verdict: verdict.verdict,
            evidence: verdict.evidence,
            posture: verdict.posture,
            lines: verdict.arithmetic,
        }],
        flags: vec!["new_hire".into(), HOSTILE.into()],
        assignee: Some(HOSTILE.into()),
        opened_at: verdict.at,
        opened_by: HOSTILE.into(),
        closed_at: None,
        closed_by: None,
        decision: None,
        reason: Some(HOSTILE.into()),
        proposed_by: None,
        reviewer: None,
        follows: true,
        split_from: Some(CaseId::from_bytes(&[6; 16])),
        moved_to: None,
        updated_at: verdict.at,
        version: 3,
    }
}

pub(super) fn case_member() -> CaseMember {
    CaseMember {
        device: device().id,
        finding: finding().finding.id,
        added_at: now(),
        report: Some(4),
        moved_to: None,
        closing: None,
    }
}

pub(super) fn case_check(findings: &[FindingRow]) -> CaseCheck {
    CaseCheck {
        key: steps(findings, &[]).remove(0).key,
        result: CheckResult::Stands,
        note: HOSTILE.into(),
        by: HOSTILE.into(),
        at: now(),
    }
}

pub(super) fn case_timeline() -> Vec<Entry> {
    let entry = |what: &str, text: Option<&str>, finding| Entry {
        at: now(),
        actor: HOSTILE.into(),
        what: what.into(),
        text: text.map(Into::into),
        finding,
    };
    let of = (device().id, finding().finding.id);
    vec![
        entry("KV-01 first seen", Some(HOSTILE), Some(of)),
        entry("comment", Some(HOSTILE), None),
        entry(HOSTILE, None, None),
    ]
}

pub(super) fn custody() -> Vec<CustodyEntry> {
    vec![CustodyEntry {
        at: now(),
        actor: HOSTILE.into(),
        what: HOSTILE.into(),
        digest: Some(HOSTILE.into()),
        audit: 12,
    }]
}
