//! Making messages: sealed for the next place in the chain, then into the spool.

use bearing_protocol::{
    digest::Digest,
    envelope::{Envelope, EnvelopeError, Payload},
    payload::{CheckinPayload, CheckinReason},
};
use tracing::{info, warn};

use super::{Evaluated, LastReport, Service, ServiceError, Wanted};
use crate::{
    chain::Link,
    commit::{CommitError, Header, commit},
    policy_store::state_problems,
    report::harmless_word,
    spool::{Message, MessageKind},
};

/// Why a message cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum MakeError {
    #[error("the report cannot be committed")]
    Commit(#[from] CommitError),
    #[error("the message cannot be sealed")]
    Seal(#[from] serde_json::Error),
    #[error("the message cannot be digested")]
    Digest(#[from] EnvelopeError),
}

impl Service {
    /// A heartbeat into the spool.
    pub(super) fn push_checkin(&mut self, reason: CheckinReason) -> Result<(), ServiceError> {
        let parts = &self.parts;
        let link = parts.outbox.next();
        let policy = parts.policies.in_force().summary();
        let payload = CheckinPayload {
            server: parts.enrolment.server.clone(),
            device_id: parts.enrolment.device_id.clone(),
            boot_id: self.boot_id.as_deref().map(harmless_word),
            sequence: link.sequence,
            previous: link.previous,
            reason,
            last_report: parts.outbox.chain().last_report(),
            policy_digest: policy.digest,
            policy_version: policy.version,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            sent_at: parts.clock.now(),
            trips: self.trips.unacknowledged(),
        };
        let (envelope, digest) = self.seal(&payload)?;
        let message = Message {
            sequence: link.sequence,
            digest,
            previous: link.previous,
            kind: MessageKind::Checkin,
            declares: None,
            envelope,
            disclosures: Vec::new(),
        };
        self.parts.outbox.push(&message)?;
        Ok(())
    }

    /// A report into the spool, and into `show`.
    pub(super) fn push_report(&mut self, wanted: &Wanted, evaluated: Evaluated) -> Result<(), ServiceError> {
        let Evaluated { mut assessment, inventory } = evaluated;
        let now = self.parts.clock.now();
        let problems = self.parts.policies.problems(now);
        state_problems(&mut assessment.report.outcomes, &problems);
        let link = self.parts.outbox.next();
        let head = self.devices.head();
        let header = self.header(wanted, &link, head, problems.iter().map(ToString::to_string).collect());
        let committed = commit(&assessment.report, &inventory, &header).map_err(MakeError::from)?;
        let (envelope, digest) = self.seal(&committed.payload)?;
        let message = Message {
            sequence: link.sequence,
            digest,
            previous: link.previous,
            kind: MessageKind::Report,
            declares: link.loss,
            envelope,
            disclosures: committed.disclosures,
        };
        self.parts.outbox.push(&message)?;
        self.devices.vouched(head, assessment.report.evaluated_at);
        self.parts.policies.told(&problems);
        self.timetable.spoke(&self.schedule(), tokio::time::Instant::now());
        let findings = assessment.report.findings.len();
        info!(sequence = link.sequence, findings, reason = ?wanted.reason, "evaluated");
        let last = LastReport { sequence: link.sequence, digest, report: assessment.report, inventory };
        if let Err(failure) = last.save(&self.parts.directory) {
            warn!("`show` cannot be brought up to date: {failure}");
        }
        if let Err(failure) = self.parts.board.hang_report(&last) {
            warn!("the local notice cannot be written: {failure}");
        }
        self.last_report = Some((&last).into());
        Ok(())
    }

    fn header(
        &self,
        wanted: &Wanted,
        link: &Link,
        head: Option<Digest>,
        policy_problems: Vec<String>,
    ) -> Header {
        let parts = &self.parts;
        Header {
            server: parts.enrolment.server.clone(),
            device_id: parts.enrolment.device_id.clone(),
            boot_id: self.boot_id.clone(),
            sequence: link.sequence,
            previous: link.previous,
            reason: wanted.reason,
            challenge: wanted.challenge.clone(),
            sent_at: parts.clock.now(),
            agent_digest: parts.agent_digest,
            key_protection: parts.key.protection(),
            policy_problems,
            spool_loss: link.loss,
            device_journal: head,
        }
    }

    fn seal<T: Payload>(&self, payload: &T) -> Result<(Envelope, Digest), MakeError> {
        let envelope = Envelope::seal(payload, &[self.parts.key.signer()])?;
        let digest = envelope.chain_digest()?;
        Ok((envelope, digest))
    }
}
