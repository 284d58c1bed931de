//! Enrolled machines.

pub(in crate::api) mod approve;
pub(in crate::api) mod get;
pub(in crate::api) mod list;
pub(in crate::api) mod place;
pub(in crate::api) mod restore;
pub(in crate::api) mod revoke;

use bearing_store::{DeviceRow, VerdictRow};
use serde::Serialize;
use utoipa::ToSchema;

/// An enrolled machine.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "dev_506ef1879d748ce0713b0dd01da32ad2", "hostname": "nb-eng-014", "state": "active", "group": "engineering",
    "simulated": false, "os": "Debian GNU/Linux 12", "machine": "laptop", "agent_version": "0.1.0",
    "key_protection": "file", "expected_countries": ["DE"], "country": "DE", "asn": 3320, "egress_class": "residential",
    "enrolled_at": "2026-11-01T08:00:00Z", "last_seen": "2026-11-25T08:00:00Z", "last_report": "2026-11-25T07:55:00Z",
    "sequence": 412, "chain": "sha256:00", "stopped": false,
    "verdict": {"verdict": "investigate", "evidence": 39.0, "posture": 0.0, "arithmetic": ["evidence = 39.0"], "at": "2026-11-25T07:55:01Z"}
}))]
pub(in crate::api) struct Device {
    id: String,
    hostname: String,
    /// `pending active revoked`.
    state: String,
    group: String,
    /// Whether it is simulated.
    simulated: bool,
    os: String,
    machine: String,
    agent_version: String,
    /// How its key is kept.
    key_protection: String,
    /// Two-letter codes; empty: no expectation.
    expected_countries: Vec<String>,
    /// Where it was seen last, as the server saw it.
    country: Option<String>,
    asn: Option<u32>,
    egress_class: Option<String>,
    enrolled_at: String,
    last_seen: Option<String>,
    last_report: Option<String>,
    /// Number and chain digest of its last message.
    sequence: u64,
    chain: Option<String>,
    /// Whether its last message was a last word.
    stopped: bool,
    verdict: Option<Verdict>,
}

/// A verdict with its arithmetic.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Verdict {
    /// `nothing_found review investigate escalate not_assessed platform_incident`. Never an acquittal.
    verdict: String,
    /// Remote-operation evidence; absent where the verdict has no score.
    evidence: Option<f64>,
    /// Posture, never mixed with the evidence.
    posture: f64,
    arithmetic: Vec<String>,
    at: String,
}

impl Device {
    fn of(row: DeviceRow, verdict: Option<VerdictRow>) -> Self {
        Self {
            id: row.id.to_string(),
            hostname: row.hostname,
            state: word(&row.state),
            group: row.group,
            simulated: row.simulated,
            os: format!("{} {}", row.os.name, row.os.version).trim().to_owned(),
            machine: row.machine.as_str().to_owned(),
            agent_version: row.agent_version,
            key_protection: word(&row.key_protection),
            expected_countries: row.expected_countries,
            country: row.country,
            asn: row.asn,
            egress_class: row.egress_class,
            enrolled_at: row.enrolled_at.to_string(),
            last_seen: row.last_seen.map(|at| at.to_string()),
            last_report: row.last_report.map(|at| at.to_string()),
            sequence: row.sequence,
            chain: row.chain.map(|digest| digest.to_string()),
            stopped: row.stopped,
            verdict: verdict.map(|verdict| Verdict {
                verdict: verdict.verdict,
                evidence: verdict.evidence,
                posture: verdict.posture,
                arithmetic: verdict.arithmetic,
                at: verdict.at.to_string(),
            }),
        }
    }
}

/// The word a value is written as in JSON.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
