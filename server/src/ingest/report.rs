//! `POST /agent/v1/reports`: an evaluation, with the values behind its commitments.

use axum::{
    Json,
    extract::{Request, State},
};
use bearing_protocol::{
    api::{Acknowledgement, ReportRequest},
    id::{DeviceId, EvaluationId, ServerId},
    limits::{MAX_COVERAGE, MAX_EVIDENCE, MAX_FINDINGS, MAX_INVENTORY, MAX_OUTCOMES, MAX_TEXT_BYTES},
    payload::ReportPayload,
};
use bearing_store::{Intake, MessageKind};

use super::{
    Ingest, Refused,
    checkin::MAX_WORD_BYTES,
    message::{Message, Opened, Sealed, envelope_text},
    observation::{observe, source_seen},
};

/// Most problems with policy that a report may name.
const MAX_PROBLEMS: usize = 32;
/// Most disclosures beside one report: one for each commitment it may hold.
const MAX_DISCLOSURES: usize = 1 + MAX_FINDINGS + MAX_FINDINGS * 4 + MAX_INVENTORY;

impl Message for ReportPayload {
    fn device(&self) -> &DeviceId {
        &self.device_id
    }
    fn server(&self) -> &ServerId {
        &self.server
    }
    fn sequence(&self) -> u64 {
        self.sequence
    }
    fn check(&self) -> Result<(), Refused> {
        let counts = [
            ("the list of findings", self.findings.len(), MAX_FINDINGS),
            (
                "a finding's evidence",
                self.findings.iter().map(|f| f.evidence.len()).max().unwrap_or(0),
                MAX_EVIDENCE,
            ),
            ("the list of outcomes", self.outcomes.len(), MAX_OUTCOMES),
            ("the coverage", self.coverage.len(), MAX_COVERAGE),
            ("the inventory", self.inventory.len(), MAX_INVENTORY),
            ("the list of policy problems", self.policy_problems.len(), MAX_PROBLEMS),
        ];
        for (what, count, limit) in counts {
            if count > limit {
                return Err(Refused::too_large(what, limit));
            }
        }
        let words =
            [&self.agent_version, &self.os.family, &self.os.name, &self.os.version, &self.policy.name];
        let words = words.into_iter().chain(&self.boot_id).chain(&self.nonce);
        if words.map(String::len).max().unwrap_or(0) > MAX_WORD_BYTES {
            return Err(Refused::too_large("a word", MAX_WORD_BYTES));
        }
        let details = self.coverage.iter().map(|line| line.detail.len());
        let reasons = self.outcomes.iter().filter_map(|outcome| outcome.reason.as_ref().map(String::len));
        let problems = self.policy_problems.iter().map(String::len);
        if details.chain(reasons).chain(problems).max().unwrap_or(0) > MAX_TEXT_BYTES {
            return Err(Refused::too_large("a text", MAX_TEXT_BYTES));
        }
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> serde_json::Result<Sealed> {
    let request: ReportRequest = serde_json::from_slice(bytes)?;
    Ok((request.envelope, request.disclosures))
}

pub(super) async fn report(
    State(ingest): State<Ingest>,
    request: Request,
) -> Result<Json<Acknowledgement>, Refused> {
    let (head, body) = request.into_parts();
    let Opened { device, message, envelope, disclosures, source } =
        ingest.open::<ReportPayload>(head, body, parse).await?;
    if disclosures.len() > MAX_DISCLOSURES {
        return Err(Refused::too_large("the list of disclosures", MAX_DISCLOSURES));
    }
    let answers = ingest.answers(&message).await?;
    let seen = ingest.seen(source, &device.group).await?;
    let received_at = ingest.app().clock.now();
    let from = source_seen(ingest.app(), source, &seen);
    let observation = observe(ingest.app(), &message, &from, received_at).await?;
    let intake = Intake {
        device: message.device_id.clone(),
        kind: MessageKind::Report,
        sequence: message.sequence,
        previous: message.previous,
        digest: message.chain_digest(),
        spool_loss: message.spool_loss,
        envelope: envelope_text(&envelope)?,
        disclosures,
        observation: Some(observation),
        received_at,
        country: seen.country,
        asn: seen.asn,
        egress_class: Some(seen.class.as_str().to_owned()),
        source: Some(from),
        answers,
        brings_trips: false,
    };
    ingest.take(intake, &device, message.policy.version).await.map(Json)
}

impl Ingest {
    /// The evaluation that a report answers: the one that waits, with the nonce it gave. Any other nonce is
    /// an answer to nobody: the report is taken, and answers nothing.
    async fn answers(&self, message: &ReportPayload) -> Result<Option<(EvaluationId, String)>, Refused> {
        let Some(nonce) = &message.nonce else { return Ok(None) };
        let open = self.challenge(&message.device_id).await?;
        Ok(open
            .filter(|row| {
                row.nonce == *nonce && message.evaluation.as_ref().is_none_or(|id| *id == row.evaluation)
            })
            .map(|row| (row.evaluation, row.nonce)))
    }
}
