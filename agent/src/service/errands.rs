//! What is done beside evaluating and sending, when the service is awake anyway: echoes, probes of anchors, the filter of
//! the organisation's interfaces, and trips that messages carried.
//!
//! Always: an errand never holds up the stop signal, is bounded in time, and its failure is a line for who looks for it,
//! never a trouble; nothing is asked of a server that does not take messages.

use std::{sync::Arc, time::Duration};

use bearing_protocol::{
    api::Acknowledgement,
    payload::{CheckinPayload, CheckinReason, TripNotice},
    text::printable,
};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::{Service, ServiceError};
use crate::{
    colleagues::Colleagues,
    rounds::{Voice, echo, fetch_neighbours, probe},
    spool::{Message, MessageKind},
};

impl Service {
    /// Whether something is to be done now.
    pub(super) fn has_errands(&self) -> bool {
        let now = Instant::now();
        let policy = self.parts.policies.in_force();
        let measures = policy.place().round_trips;
        let reachable = self.record.last_sent_at.is_some()
            && self.retry_at.is_none()
            && self.backoff.failures() == 0
            && !self.is_stopped();
        reachable
            && (self.filter_is_due(now)
                || (measures
                    && (self.rounds.echo_is_due(now) || self.rounds.anchor_is_due(policy.anchors(), now))))
    }

    fn filter_is_due(&self, now: Instant) -> bool {
        self.filter_wanted.is_some() && self.filter_not_before.is_none_or(|at| at <= now)
    }

    /// Does what is due.
    pub(super) async fn do_errands(&mut self) {
        if tokio::time::timeout(LONGEST_ERRANDS, self.errands()).await.is_err() {
            debug!("what is measured took too long and is left for another time");
        }
        let now = self.parts.clock.now();
        if let Err(failure) = self.rounds.save(&self.parts.directory, now) {
            warn!("round trips are not kept: {failure}");
        }
    }

    async fn errands(&mut self) {
        let now = Instant::now();
        if self.filter_is_due(now) {
            self.fetch_filter(now).await;
        }
        if !self.parts.policies.in_force().place().round_trips {
            return;
        }
        for family in self.rounds.take_due_echoes(now) {
            match echo(&self.parts.transport, family, &self.voice()).await {
                Ok(nonces) => {
                    debug!(nonces, "echo over {family:?}");
                    self.rounds.note_echo(family, self.parts.clock.now());
                }
                Err(failure) => debug!("no echo over {family:?}: {}", in_words(&failure)),
            }
        }
        let anchors = self.parts.policies.in_force().anchors().to_vec();
        for anchor in self.rounds.take_due_anchors(&anchors, now) {
            match probe(anchor).await {
                Ok(times) => {
                    let at = self.parts.clock.now();
                    times.into_iter().for_each(|micros| self.rounds.note_probe(anchor, at, micros));
                }
                Err(failure) => debug!("{}", in_words(&failure)),
            }
        }
    }

    async fn fetch_filter(&mut self, now: Instant) {
        self.filter_wanted = None;
        self.filter_not_before = Some(now + FILTER_EVERY);
        let filter = match fetch_neighbours(&self.parts.transport, &self.voice()).await {
            Ok(filter) => filter,
            Err(failure) => return debug!("no filter of neighbours: {}", in_words(&failure)),
        };
        match Colleagues::of(&filter) {
            Ok(colleagues) => {
                self.colleagues = Arc::new(colleagues);
                if let Err(failure) = Colleagues::keep(&self.parts.directory, &filter) {
                    warn!("the filter of neighbours is not kept: {failure}");
                }
            }
            Err(failure) => warn!("{failure}"),
        }
    }

    fn voice(&self) -> Voice<'_> {
        let parts = &self.parts;
        Voice {
            server: &parts.enrolment.server,
            device: &parts.enrolment.device_id,
            signer: parts.key.signer(),
            clock: parts.clock.as_ref(),
        }
    }

    /// Heeds what an answer says beside acknowledging.
    pub(super) fn note_answer(&mut self, answer: &Acknowledgement) {
        if let Some(version) = &answer.neighbour_filter
            && self.colleagues.version() != Some(version)
        {
            self.filter_wanted = Some(version.clone());
        }
        if let Some(place) = &answer.place {
            let mut place = place.clone();
            place.verdict = printable(&place.verdict, MAX_VERDICT_CHARS);
            place.why.truncate(MAX_WHY_LINES);
            place.why.iter_mut().for_each(|line| *line = printable(line, MAX_WHY_CHARS));
            self.record.place = Some(place);
        }
    }

    /// Notes the trips that a message carried which the server now has.
    pub(super) fn note_carried_trips(&self, message: &Message) {
        let carried = carried(message);
        if let Err(failure) = self.trips.acknowledge(&carried) {
            warn!("trips are sent again: {failure}");
        } else if !carried.is_empty() {
            info!("the server has {} announced trip(s)", carried.len());
        }
    }

    /// A trip was announced or withdrawn: said at once.
    pub(super) fn tell_trips(&mut self) -> Result<(), ServiceError> {
        if self.is_stopped() || self.trips.unacknowledged().is_empty() {
            return Ok(());
        }
        self.push_checkin(CheckinReason::Unchanged)
    }
}

/// The trips in a message that this machine sealed itself.
fn carried(message: &Message) -> Vec<TripNotice> {
    if message.kind != MessageKind::Checkin {
        return Vec::new();
    }
    let body = message.envelope.body_unverified().unwrap_or_default();
    serde_json::from_slice::<CheckinPayload>(&body).map(|payload| payload.trips).unwrap_or_default()
}

fn in_words(failure: &dyn std::error::Error) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    crate::report::harmless(&text)
}

/// How long everything that is due at one time may take.
const LONGEST_ERRANDS: Duration = Duration::from_secs(45);
/// A filter is not fetched more often, however often its version changes.
const FILTER_EVERY: Duration = Duration::from_secs(60 * 60);
const MAX_VERDICT_CHARS: usize = 40;
const MAX_WHY_LINES: usize = 32;
const MAX_WHY_CHARS: usize = 300;
