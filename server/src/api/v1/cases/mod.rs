//! Cases: findings of a device, a person or a group that people work together.

pub(in crate::api) mod assign;
pub(in crate::api) mod check;
pub(in crate::api) mod close;
pub(in crate::api) mod comment;
pub(in crate::api) mod confirm;
pub(in crate::api) mod counts;
pub(in crate::api) mod decline;
pub(in crate::api) mod get;
pub(in crate::api) mod list;
pub(in crate::api) mod merge;
pub(in crate::api) mod open;
pub(in crate::api) mod packet;
pub(in crate::api) mod propose;
pub(in crate::api) mod split;
pub(in crate::api) mod title;

use bearing_store::{CaseMember, CaseRow, FindingRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cases::{Entry, Step};

/// A case.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "cas_0f3a5f6a1c2b4d5e8f90a1b2c3d4e5f6", "subject": {"kind": "device", "id": "dev_506ef1879d748ce0713b0dd01da32ad2"},
    "title": "nb-eng-014: USB device 1-1 is a PiKVM", "status": "in_review", "verdict": "investigate", "evidence": 25.0, "posture": 2.5,
    "flags": ["new_hire"], "assignee": "ben", "opened_at": "2026-11-25T07:55:02Z", "opened_by": "rule", "version": 4,
    "devices": [{"device": "dev_506ef1879d748ce0713b0dd01da32ad2", "verdict": "investigate", "evidence": 25.0, "posture": 2.5,
        "arithmetic": ["KV kvm: one story of KV-01 critical → critical (the gravest) = 25.0", "evidence = 25.0", "verdict: investigate"]}]
}))]
pub(in crate::api) struct Case {
    id: String,
    subject: Subject,
    title: String,
    /// `open in_review awaiting_decision closed`.
    status: String,
    /// The gravest verdict of its devices over the findings in it. `escalate` is a proposal.
    verdict: String,
    /// That device's evidence; absent where the verdict has no score.
    evidence: Option<f64>,
    /// The highest posture, never mixed with the evidence.
    posture: f64,
    /// `new_hire contractor privileged`: they order the queue and change no score.
    flags: Vec<String>,
    assignee: Option<String>,
    opened_at: String,
    /// `rule`, or who opened it.
    opened_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_by: Option<String>,
    /// `confirmed not_confirmed benign moved`; while it awaits a decision, what is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_by: Option<String>,
    /// The second person, who agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_to: Option<String>,
    /// What a change must name.
    version: u64,
    /// Each device's part, the gravest first.
    devices: Vec<Part>,
    /// The findings in it; on the case's own page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<Member>>,
    /// How to disprove it; on the case's own page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<DisproofStep>>,
    /// What happened, oldest first; on the case's own page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<Event>>,
}

/// What a case is about.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Subject {
    /// `device person group`.
    #[schema(value_type = String)]
    kind: bearing_store::SubjectKind,
    /// The device's, person's or group's id.
    id: String,
}

/// A device's part in the verdict.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Part {
    device: String,
    verdict: String,
    evidence: Option<f64>,
    posture: f64,
    arithmetic: Vec<String>,
}

/// A finding in a case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Member {
    device: String,
    finding: String,
    added_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// The case it was moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_to: Option<String>,
}

/// A disproof step.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct DisproofStep {
    /// What an answer names.
    step: String,
    device: String,
    text: String,
    rules: Vec<String>,
    /// `stands disproved not_possible`; absent where it was not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

/// A line of the timeline.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Event {
    at: String,
    actor: String,
    what: String,
    text: Option<String>,
}

/// A finding that is chosen.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Choice {
    #[schema(value_type = String)]
    device: bearing_protocol::id::DeviceId,
    #[schema(value_type = String)]
    finding: bearing_protocol::id::FindingId,
}

/// A change that names the version it saw, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 4, "reason": "the desk was seen in a live call"}))]
pub(in crate::api) struct Reasoned {
    /// The version of the case as it was read.
    version: u64,
    /// Why.
    reason: String,
}

impl Case {
    fn of(row: CaseRow) -> Self {
        Self {
            id: row.id.to_string(),
            subject: Subject { kind: row.subject.kind, id: row.subject.id },
            title: row.title,
            status: row.status.as_str().to_owned(),
            verdict: row.verdict,
            evidence: row.evidence,
            posture: row.posture,
            flags: row.flags,
            assignee: row.assignee,
            opened_at: row.opened_at.to_string(),
            opened_by: row.opened_by,
            closed_at: row.closed_at.map(|at| at.to_string()),
            closed_by: row.closed_by,
            decision: row.decision.map(|decision| decision.as_str().to_owned()),
            reason: row.reason,
            proposed_by: row.proposed_by,
            reviewer: row.reviewer,
            split_from: row.split_from.map(|id| id.to_string()),
            moved_to: row.moved_to.map(|id| id.to_string()),
            version: row.version,
            devices: row
                .arithmetic
                .into_iter()
                .map(|part| Part {
                    device: part.device.to_string(),
                    verdict: part.verdict,
                    evidence: part.evidence,
                    posture: part.posture,
                    arithmetic: part.lines,
                })
                .collect(),
            findings: None,
            steps: None,
            timeline: None,
        }
    }

    fn with_findings(self, members: Vec<CaseMember>, findings: &[FindingRow]) -> Self {
        let list = members
            .into_iter()
            .map(|member| {
                let row = findings
                    .iter()
                    .find(|row| row.device == member.device && row.finding.id == member.finding);
                Member {
                    device: member.device.to_string(),
                    finding: member.finding.to_string(),
                    added_at: member.added_at.to_string(),
                    rule: row.map(|row| row.finding.rule.to_string()),
                    title: row.map(|row| row.finding.title.clone()),
                    severity: row.map(|row| crate::cases::shown_severity(row).as_str().to_owned()),
                    status: row.map(|row| row.status.as_str().to_owned()),
                    moved_to: member.moved_to.map(|id| id.to_string()),
                }
            })
            .collect();
        Self { findings: Some(list), ..self }
    }

    fn with_steps(self, steps: Vec<Step>) -> Self {
        let list = steps
            .into_iter()
            .map(|step| {
                let answer = step.answer;
                DisproofStep {
                    step: step.key,
                    device: step.device.to_string(),
                    text: step.text,
                    rules: step.rules,
                    result: answer.as_ref().map(|answer| answer.result.as_str().to_owned()),
                    note: answer.as_ref().map(|answer| answer.note.clone()),
                    by: answer.as_ref().map(|answer| answer.by.clone()),
                    at: answer.map(|answer| answer.at.to_string()),
                }
            })
            .collect();
        Self { steps: Some(list), ..self }
    }

    fn with_timeline(self, entries: Vec<Entry>) -> Self {
        let list = entries
            .into_iter()
            .map(|entry| Event {
                at: entry.at.to_string(),
                actor: entry.actor,
                what: entry.what,
                text: entry.text,
            })
            .collect();
        Self { timeline: Some(list), ..self }
    }
}
