//! Sending what waits, and doing what the answers say.

use std::time::Duration;

use bearing_protocol::{
    api::{Acknowledgement, CheckinRequest, ReportRequest},
    payload::ReportReason,
};
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::{Service, ServiceError};
use crate::{
    policy_store::Taken,
    random::random_up_to,
    spool::{Message, MessageKind},
    transport::{Next, TransportError},
};

impl Service {
    /// Sends the oldest message. A failure decides when the next attempt is.
    pub(super) async fn deliver(&mut self) -> Result<(), ServiceError> {
        let Some(message) = self.parts.outbox.front()? else { return Ok(()) };
        match self.send(&message).await {
            Ok(acknowledged) => self.accepted(&message, acknowledged),
            Err(failure) => self.refused(&message, &failure),
        }
    }

    async fn send(&self, message: &Message) -> Result<Acknowledgement, TransportError> {
        let device = &self.parts.enrolment.device_id;
        let envelope = message.envelope.clone();
        match message.kind {
            MessageKind::Report => {
                let request = ReportRequest { envelope, disclosures: message.disclosures.clone() };
                self.parts.transport.report(device, &request).await
            }
            MessageKind::Checkin => self.parts.transport.check_in(device, &CheckinRequest { envelope }).await,
        }
    }

    fn accepted(&mut self, message: &Message, answer: Acknowledgement) -> Result<(), ServiceError> {
        if answer.sequence < message.sequence {
            warn!("the server acknowledged {} where {} was sent", answer.sequence, message.sequence);
            self.retry_at = Some(Instant::now() + self.backoff.wait(None));
            return Ok(());
        }
        self.note_carried_trips(message);
        self.parts.outbox.acknowledge(message.sequence)?;
        if self.backoff.failures() > 0 {
            info!("the server takes messages again");
        }
        self.backoff.reset();
        self.record.sent(self.parts.clock.now(), answer.server_time, message.sequence);
        self.note_answer(&answer);
        if let Some(envelope) = answer.policy {
            self.take_policy(envelope);
        }
        if let Some(challenge) = answer.challenge {
            info!("the server asks for a fresh report");
            self.want(ReportReason::Challenge, Some(challenge));
        }
        Ok(())
    }

    fn take_policy(&mut self, envelope: bearing_protocol::envelope::Envelope) {
        let now = self.parts.clock.now();
        match self.parts.policies.take(envelope, now) {
            Taken::Yes => {
                let policy = self.parts.policies.in_force();
                info!("policy {} version {} is in force", policy.name(), policy.version());
                self.parts.evaluator.heed(policy);
                self.devices.heed(policy, now);
                self.timetable = crate::schedule::Timetable::new(policy.schedule(), Instant::now());
                self.want(ReportReason::PolicyChange, None);
            }
            Taken::Same => {}
            Taken::No => {
                for problem in self.parts.policies.problems(now) {
                    warn!("a policy was refused: {problem}");
                }
                self.want(ReportReason::PolicyChange, None);
            }
        }
    }

    fn refused(&mut self, message: &Message, failure: &TransportError) -> Result<(), ServiceError> {
        let first = self.backoff.failures() == 0;
        let text = in_words(failure);
        match failure.next() {
            Next::Retry(floor) => {
                let wait = self.backoff.wait(floor);
                if first {
                    warn!("message {} was not taken: {text}; it stays in the spool", message.sequence);
                }
                self.retry_at = Some(Instant::now() + wait);
            }
            Next::Pending => {
                if first {
                    info!("the server waits for an administrator to approve this device");
                }
                self.backoff.wait(None);
                let jitter = Duration::from_millis(random_up_to(PENDING_JITTER_MS));
                self.retry_at = Some(Instant::now() + PENDING_RETRY + jitter);
            }
            Next::Skip => {
                error!("message {} will never be taken: {text}; it is dropped and counted", message.sequence);
                self.parts.outbox.discard(message.sequence)?;
            }
            Next::Stop => {
                error!("nothing is sent any more: {text}");
            }
        }
        let stops = failure.next() == Next::Stop;
        self.record.failed(self.parts.clock.now(), failure.code(), &text, stops);
        Ok(())
    }
}

/// The failure with its causes.
fn in_words(failure: &TransportError) -> String {
    let mut text = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    crate::report::harmless(&text)
}

const PENDING_RETRY: Duration = Duration::from_secs(60);
const PENDING_JITTER_MS: u64 = 30_000;
