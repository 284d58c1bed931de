//! From a report to what is signed: values are committed, not embedded.
//!
//! Always: rules, severities, outcomes and coverage are in the payload; host name, texts, evidence values and
//! inventory items are only there as commitments with fresh salts; everything keeps its limit, and what had to be
//! left out is counted in the payload's own coverage, never dropped in silence.

mod fit;

use bearing_protocol::{
    Timestamp,
    api::Challenge,
    commitment::{Commitment, Disclosure, DisclosureError},
    coverage::{Coverage, Source, Status},
    digest::Digest,
    finding::{Evidence, Finding},
    id::{DeviceId, ServerId},
    key::KeyProtection,
    limits::{MAX_COVERAGE, MAX_EVIDENCE, MAX_FINDINGS, MAX_INVENTORY, MAX_OUTCOMES, MAX_TEXT_BYTES},
    payload::{
        CommittedEvidence, CommittedFinding, CommittedItem, EvidenceText, FindingText, InventoryValue,
        ReportPayload, ReportReason, SpoolLoss,
    },
    report::Report,
    text::truncate,
};
use serde::Serialize;

use crate::{
    random::{RandomError, random_bytes},
    report::harmless_word,
};

/// Who speaks, to whom, and where in the chain.
#[derive(Clone, Debug)]
pub struct Header {
    /// Whom it is for.
    pub server: ServerId,
    /// Who speaks.
    pub device_id: DeviceId,
    /// The kernel's boot id.
    pub boot_id: Option<String>,
    /// Number in the chain; 0 stands outside it.
    pub sequence: u64,
    /// Chain digest of the message before.
    pub previous: Option<Digest>,
    /// Why now.
    pub reason: ReportReason,
    /// The challenge this answers.
    pub challenge: Option<Challenge>,
    /// The agent's clock.
    pub sent_at: Timestamp,
    /// SHA-256 of the agent's own binary.
    pub agent_digest: Option<Digest>,
    /// How the key is kept.
    pub key_protection: KeyProtection,
    /// Problems with policy, by name.
    pub policy_problems: Vec<String>,
    /// What the spool dropped.
    pub spool_loss: Option<SpoolLoss>,
    /// The newest line of the journal of devices.
    pub device_journal: Option<Digest>,
}

/// Why a report cannot be committed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum CommitError {
    #[error("cannot draw a salt")]
    Random(#[from] RandomError),
    #[error("cannot commit to a value")]
    Disclosure(#[from] DisclosureError),
    #[error("cannot measure the report")]
    Serialise(#[from] serde_json::Error),
}

/// A payload with the values behind its commitments.
#[derive(Clone, Debug)]
pub struct Committed {
    /// What is signed.
    pub payload: ReportPayload,
    /// What travels beside it.
    pub disclosures: Vec<Disclosure>,
}

/// Commits to `report` and `inventory`.
///
/// # Errors
/// Where the system gives no random bytes.
pub fn commit(
    report: &Report,
    inventory: &[(Source, InventoryValue)],
    header: &Header,
) -> Result<Committed, CommitError> {
    let mut plan = fit::Plan::of(report, inventory);
    loop {
        let committed = commit_as_planned(report, inventory, header, &plan)?;
        if fit::fits(&committed)? || !plan.shrink() {
            return Ok(committed);
        }
    }
}

fn commit_as_planned(
    report: &Report,
    inventory: &[(Source, InventoryValue)],
    header: &Header,
    plan: &fit::Plan,
) -> Result<Committed, CommitError> {
    let mut values = Values::default();
    let hostname = values.commit(&cut(&report.device.hostname))?;
    let mut findings = Vec::new();
    for finding in report.findings.iter().take(plan.findings.min(MAX_FINDINGS)) {
        findings.push(commit_finding(&mut values, finding, plan.evidence.min(MAX_EVIDENCE))?);
    }
    let mut items = Vec::new();
    for (source, value) in inventory.iter().take(plan.inventory.min(MAX_INVENTORY)) {
        items.push(CommittedItem { source: *source, item: values.commit(value)? });
    }
    let mut coverage: Vec<Coverage> = report.coverage.iter().take(MAX_COVERAGE).map(cut_line).collect();
    if let Some(left_out) = plan.left_out(report, inventory) {
        note_left_out(&mut coverage, &left_out);
    }
    let mut outcomes = report.outcomes.clone();
    outcomes.truncate(MAX_OUTCOMES);
    for outcome in &mut outcomes {
        outcome.reason = outcome.reason.take().map(|reason| cut(&reason));
    }
    let payload = ReportPayload {
        server: header.server.clone(),
        device_id: header.device_id.clone(),
        boot_id: header.boot_id.as_deref().map(harmless_word),
        sequence: header.sequence,
        previous: header.previous,
        reason: header.reason,
        nonce: header.challenge.as_ref().map(|challenge| challenge.nonce.clone()),
        evaluation: header.challenge.as_ref().and_then(|challenge| challenge.evaluation.clone()),
        evaluated_at: report.evaluated_at,
        sent_at: header.sent_at,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        agent_digest: header.agent_digest,
        key_protection: header.key_protection,
        os: report.device.os.clone(),
        machine: report.device.machine.kind,
        hostname,
        policy: report.policy.clone(),
        policy_problems: header.policy_problems.iter().map(|problem| cut(problem)).collect(),
        spool_loss: header.spool_loss,
        device_journal: header.device_journal,
        coverage,
        outcomes,
        findings,
        inventory: items,
    };
    Ok(Committed { payload, disclosures: values.0 })
}

fn commit_finding(
    values: &mut Values,
    finding: &Finding,
    max_evidence: usize,
) -> Result<CommittedFinding, CommitError> {
    let text = FindingText {
        title: cut(&finding.title),
        subject: cut(&finding.subject),
        disproof: cut(&finding.disproof),
        remediation: cut(&finding.remediation),
    };
    let evidence: Result<Vec<_>, _> =
        finding.evidence.iter().take(max_evidence).map(|piece| commit_evidence(values, piece)).collect();
    Ok(CommittedFinding {
        id: finding.id.clone(),
        rule: finding.rule,
        family: finding.family,
        severity: finding.severity,
        confidence: finding.confidence,
        product: finding.product.clone(),
        text: values.commit(&text)?,
        evidence: evidence?,
        attack: finding.attack.clone(),
        controls: finding.controls.clone(),
        approval: finding.approval.clone(),
    })
}

fn commit_evidence(values: &mut Values, piece: &Evidence) -> Result<CommittedEvidence, CommitError> {
    let text =
        EvidenceText { location: cut(&piece.location), value: cut(&piece.value), why: cut(&piece.why) };
    Ok(CommittedEvidence {
        source: piece.source,
        field: cut(&piece.field),
        rule: piece.rule,
        text: values.commit(&text)?,
    })
}

/// Says in the payload's coverage that something did not fit.
fn note_left_out(coverage: &mut Vec<Coverage>, left_out: &str) {
    match coverage.iter_mut().find(|line| line.source == Source::Spool) {
        Some(line) => {
            line.status = line.status.max(Status::Partial);
            line.detail = cut(&format!("{left_out}; {}", line.detail));
        }
        None => {
            coverage.truncate(MAX_COVERAGE - 1);
            coverage.push(Coverage {
                source: Source::Spool,
                status: Status::Partial,
                detail: left_out.to_owned(),
            });
        }
    }
}

fn cut(text: &str) -> String {
    truncate(text, MAX_TEXT_BYTES).to_owned()
}

fn cut_line(line: &Coverage) -> Coverage {
    Coverage { source: line.source, status: line.status, detail: cut(&line.detail) }
}

/// Disclosures in the order in which their commitments were made.
#[derive(Default)]
struct Values(Vec<Disclosure>);

impl Values {
    fn commit<T: Serialize>(&mut self, value: &T) -> Result<Commitment, CommitError> {
        let (commitment, disclosure) = Disclosure::commit(&random_bytes()?, value)?;
        self.0.push(disclosure);
        Ok(commitment)
    }
}

#[cfg(test)]
mod tests;
