//! A case written down whole: what is handed to HR or counsel, and what the server signs.

use bearing_protocol::{
    Timestamp,
    digest::Digest,
    envelope::Payload,
    finding::Finding,
    id::{CaseId, DeviceId, FindingId, ServerId},
    payload::ReportPayload,
    severity::Severity,
};
use bearing_store::{CaseMember, CaseRow, CaseSubject, CustodyEntry, StoreError};
use serde::{Deserialize, Serialize};

use super::{findings_of, shown_severity, steps, timeline};
use crate::app::App;

/// Most lines of the log of custody that go into a packet: the newest.
pub(super) const MAX_CUSTODY: u32 = 2_000;

/// What the server signs: the record, who took it away, and who had it in hand before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CasePayload {
    /// The server.
    pub server: ServerId,
    /// When it was taken away.
    pub exported_at: Timestamp,
    /// By whom.
    pub exported_by: String,
    /// SHA-256 of the record's JSON: the same in every form of the packet, however often it is taken away.
    pub content: Digest,
    /// The case.
    pub record: CaseRecord,
    /// Who had it in hand, oldest first.
    pub custody: Vec<CustodyEntry>,
}

impl Payload for CasePayload {
    const TYPE: &'static str = "application/vnd.bearing.case.v1+json";
}

/// A case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are those of a case's row")]
pub struct CaseRecord {
    pub id: CaseId,
    pub subject: CaseSubject,
    pub title: String,
    pub status: String,
    pub verdict: String,
    pub evidence: Option<f64>,
    pub posture: f64,
    pub assignee: Option<String>,
    pub opened_at: Timestamp,
    pub opened_by: String,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<String>,
    pub decision: Option<String>,
    pub reason: Option<String>,
    pub proposed_by: Option<String>,
    pub reviewer: Option<String>,
    pub split_from: Option<CaseId>,
    pub moved_to: Option<CaseId>,
    pub devices: Vec<DeviceRecord>,
    pub steps: Vec<StepRecord>,
    pub timeline: Vec<EventRecord>,
}

/// One device of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRecord {
    /// Which device.
    pub device: DeviceId,
    /// Its host name, as it last said.
    pub hostname: String,
    /// Whether it is a simulation, by its enrolment token.
    pub simulated: bool,
    /// Its verdict over the findings below.
    pub verdict: String,
    /// Remote-operation evidence.
    pub evidence: Option<f64>,
    /// Posture, never mixed with it.
    pub posture: f64,
    /// The arithmetic.
    pub arithmetic: Vec<String>,
    /// The findings that count here.
    pub findings: Vec<FindingRecord>,
}

/// A finding of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRecord {
    /// The finding as last reported.
    pub finding: Finding,
    /// `agent`, or `server` for what only the server can see.
    pub origin: String,
    /// The severity that counts: reported or raised.
    pub severity: Severity,
    /// Why it was raised, where it was.
    pub raised: Option<String>,
    /// Where it stands.
    pub status: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// Chain digest of the report that shows it, where the packet holds one.
    pub report: Option<Digest>,
}

/// A disproof step and what it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "plain words")]
pub struct StepRecord {
    pub device: DeviceId,
    pub text: String,
    pub rules: Vec<String>,
    pub result: Option<String>,
    pub note: Option<String>,
    pub by: Option<String>,
    pub at: Option<Timestamp>,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "plain words")]
pub struct EventRecord {
    pub at: Timestamp,
    pub actor: String,
    pub what: String,
    pub text: Option<String>,
}

/// A report that a packet rests on: which device, which message.
pub(super) type Shown = (DeviceId, u64, Digest);

/// Writes a case down, and names the reports that show its findings.
///
/// # Errors
/// The store's.
pub async fn record(app: &App, row: &CaseRow) -> Result<(CaseRecord, Vec<Shown>), StoreError> {
    let members = app.store.case_members(&row.id).await?;
    let findings = findings_of(app, &members).await?;
    let devices = app.store.case_devices(&row.id).await?;
    let judged = super::judge(&devices, &findings);
    let checks = app.store.case_checks(&row.id).await?;
    let mut shown: Vec<Shown> = Vec::new();
    let mut records = Vec::new();
    for part in judged.devices {
        let row = app.store.device(&part.device).await?;
        let simulated = row.as_ref().is_some_and(|row| row.simulated);
        let hostname = row.map(|row| row.hostname).unwrap_or_default();
        let last = match app.store.result_sequence(&part.device).await? {
            Some(number) => told(app, &part.device, number).await?,
            None => None,
        };
        let mut list = Vec::new();
        for finding in findings.iter().filter(|finding| finding.device == part.device) {
            let member = members
                .iter()
                .find(|member| member.device == part.device && member.finding == finding.finding.id);
            // The last judged report where it still shows it, else the one it came in with.
            let told = [&last, &joined(app, &part.device, member).await?];
            let told = told.into_iter().flatten().find(|told| told.findings.contains(&finding.finding.id));
            let report = told.filter(|_| finding.origin == "agent").map(|told| {
                let entry = (part.device.clone(), told.sequence, told.digest);
                if !shown.contains(&entry) {
                    shown.push(entry);
                }
                told.digest
            });
            list.push(FindingRecord {
                finding: finding.finding.clone(),
                origin: finding.origin.clone(),
                severity: shown_severity(finding),
                raised: finding.raised.as_ref().map(|(_, why)| why.clone()),
                status: finding.status.as_str().to_owned(),
                first_seen: finding.first_seen,
                last_seen: finding.last_seen,
                report,
            });
        }
        records.push(DeviceRecord {
            device: part.device,
            hostname,
            simulated,
            verdict: part.verdict,
            evidence: part.evidence,
            posture: part.posture,
            arithmetic: part.lines,
            findings: list,
        });
    }
    let steps = steps(&findings, &checks)
        .into_iter()
        .map(|step| {
            let answer = step.answer;
            StepRecord {
                device: step.device,
                text: step.text,
                rules: step.rules,
                result: answer.as_ref().map(|answer| answer.result.as_str().to_owned()),
                note: answer.as_ref().map(|answer| answer.note.clone()),
                by: answer.as_ref().map(|answer| answer.by.clone()),
                at: answer.map(|answer| answer.at),
            }
        })
        .collect();
    let timeline = timeline(app, &row.id, &devices, &findings)
        .await?
        .into_iter()
        .map(|entry| EventRecord { at: entry.at, actor: entry.actor, what: entry.what, text: entry.text })
        .collect();
    let record = CaseRecord {
        id: row.id.clone(),
        subject: row.subject.clone(),
        title: row.title.clone(),
        status: row.status.as_str().to_owned(),
        verdict: judged.verdict,
        evidence: judged.evidence,
        posture: judged.posture,
        assignee: row.assignee.clone(),
        opened_at: row.opened_at,
        opened_by: row.opened_by.clone(),
        closed_at: row.closed_at,
        closed_by: row.closed_by.clone(),
        decision: row.decision.map(|decision| decision.as_str().to_owned()),
        reason: row.reason.clone(),
        proposed_by: row.proposed_by.clone(),
        reviewer: row.reviewer.clone(),
        split_from: row.split_from.clone(),
        moved_to: row.moved_to.clone(),
        devices: records,
        steps,
        timeline,
    };
    Ok((record, shown))
}

/// What a stored report shows.
struct Told {
    sequence: u64,
    digest: Digest,
    findings: Vec<FindingId>,
}

async fn told(app: &App, device: &DeviceId, number: u64) -> Result<Option<Told>, StoreError> {
    let Some(message) = app.store.message(device, number).await? else { return Ok(None) };
    // It was verified when it was taken; a packet's reader verifies it again.
    let body = message.envelope.body_unverified().ok();
    let Some(report) = body.and_then(|body| serde_json::from_slice::<ReportPayload>(&body).ok()) else {
        return Ok(None);
    };
    let findings = report.findings.into_iter().map(|finding| finding.id).collect();
    Ok(Some(Told { sequence: message.sequence, digest: message.digest, findings }))
}

/// The report that a finding came into its case with.
async fn joined(
    app: &App,
    device: &DeviceId,
    member: Option<&CaseMember>,
) -> Result<Option<Told>, StoreError> {
    match member.and_then(|member| member.report) {
        Some(number) => told(app, device, number).await,
        None => Ok(None),
    }
}

/// SHA-256 of a record's JSON.
///
/// # Errors
/// Where it cannot be written as JSON.
pub(super) fn content_digest(record: &CaseRecord) -> Result<Digest, serde_json::Error> {
    Ok(Digest::of(&serde_json::to_vec(record)?))
}
