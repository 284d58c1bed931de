//! Findings and their life.

pub(in crate::api) mod assign;
pub(in crate::api) mod comment;
pub(in crate::api) mod get;
pub(in crate::api) mod list;
pub(in crate::api) mod status;

use bearing_store::{FindingEvent, FindingRow};
use serde::Serialize;
use utoipa::ToSchema;

/// A finding on a device.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "device": "dev_506ef1879d748ce0713b0dd01da32ad2", "status": "open", "origin": "agent", "assignee": null,
    "approval": null, "first_seen": "2026-11-24T08:00:00Z", "last_seen": "2026-11-25T08:00:00Z", "version": 1,
    "finding": {"id": "fnd_aeaf31a4a28c0dbc55e7a8c1afaeb8e3", "rule": "KV-01", "family": "kvm", "severity": "critical",
        "confidence": "high", "title": "USB device 1-1 is a PiKVM", "subject": "usb:1-1", "product": "pikvm",
        "evidence": [{"source": "usb", "location": "1-1", "field": "product", "value": "PiKVM Composite Device", "why": "no keyboard is called so"}],
        "attack": ["T1219.003"], "controls": ["NIST SC-41"], "disproof": "…", "remediation": "…", "approval": null}
}))]
pub(in crate::api) struct Finding {
    device: String,
    /// The finding as last reported, in the form of `bearing-agent evaluate --format json`.
    #[schema(value_type = Object)]
    finding: bearing_protocol::finding::Finding,
    /// `agent`, or `server` for what only the server can see.
    origin: String,
    /// Severity raised by what only the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    raised: Option<Raised>,
    /// `open in_review approved false_positive resolved`.
    status: String,
    assignee: Option<String>,
    /// The approval that covers it.
    approval: Option<String>,
    first_seen: String,
    last_seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<String>,
    /// What a change of status must name.
    version: u64,
    /// What happened to it, oldest first; on the finding's own page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Event>>,
}

/// A severity above the reported one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Raised {
    severity: String,
    reason: String,
}

/// A line of its history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Event {
    at: String,
    actor: String,
    what: String,
    text: Option<String>,
}

impl Finding {
    fn of(row: FindingRow) -> Self {
        Self {
            device: row.device.to_string(),
            finding: row.finding,
            origin: row.origin,
            raised: row
                .raised
                .map(|(severity, reason)| Raised { severity: severity.as_str().to_owned(), reason }),
            status: row.status.as_str().to_owned(),
            assignee: row.assignee,
            approval: row.approval.map(|id| id.to_string()),
            first_seen: row.first_seen.to_string(),
            last_seen: row.last_seen.to_string(),
            resolved_at: row.resolved_at.map(|at| at.to_string()),
            version: row.version,
            history: None,
        }
    }

    fn with_history(self, events: Vec<FindingEvent>) -> Self {
        let history = events
            .into_iter()
            .map(|event| Event {
                at: event.at.to_string(),
                actor: event.actor,
                what: event.what,
                text: event.text,
            })
            .collect();
        Self { history: Some(history), ..self }
    }
}
