//! Round trips: signed nonces with the server, once a day and address family, and probes of the organisation's anchors.
//!
//! Always: nothing here wakes the machine: what is due is done when the service is awake anyway (check-in, evaluation). A
//! delay can be added on the way, never taken away: only the least of a day counts. What fails is no error.

mod anchor;
mod echo;
mod record;

use std::{collections::BTreeMap, time::Duration};

use bearing_policies::policy::AnchorSite;
use bearing_protocol::{Timestamp, payload::AnchorRoundTrip};
use tokio::time::Instant;

pub use anchor::{AnchorError, PROBE_BYTES, probe};
pub use echo::{EchoError, Family, Voice, echo, fetch_neighbours};
pub use record::RoundTripRecord;

use crate::{
    random::random_up_to,
    state::{FileError, StateDirectory},
};

/// When what is due, and what came of it.
#[derive(Debug)]
pub struct Rounds {
    record: RoundTripRecord,
    echo_at: [Instant; 2],
    anchor_at: BTreeMap<String, Instant>,
    /// Whether nothing is waited for: for tests.
    at_once: bool,
}

impl Rounds {
    /// From what was kept.
    pub fn load(directory: &StateDirectory, now: Timestamp, at: Instant) -> Self {
        let record = RoundTripRecord::load(directory);
        let due = |family: Family| {
            let since = record.last_echo(family).map(|last| now.duration_since(last));
            let since = since.and_then(|since| Duration::try_from(since).ok());
            match since.and_then(|since| DAY.checked_sub(since)) {
                Some(left) => at + left + random(DAY / 4),
                None => at + random(SOON),
            }
        };
        let echo_at = Family::BOTH.map(due);
        Self { record, echo_at, anchor_at: BTreeMap::new(), at_once: false }
    }

    /// Everything is due now and after each time again: for tests, which cannot wait for a day.
    #[must_use]
    pub fn at_once(self, now: Instant) -> Self {
        Self { echo_at: [now; 2], at_once: true, ..self }
    }

    /// The families whose echo is due; each is then due a day later, at another time of it.
    pub fn take_due_echoes(&mut self, now: Instant) -> Vec<Family> {
        let mut due = Vec::new();
        for (family, at) in Family::BOTH.into_iter().zip(&mut self.echo_at) {
            if *at <= now {
                *at = now + DAY / 2 + random(DAY);
                due.push(family);
            }
        }
        due
    }

    /// Whether an echo is due.
    pub fn echo_is_due(&self, now: Instant) -> bool {
        self.echo_at.iter().any(|at| *at <= now)
    }

    /// The anchors that are to be probed now; each is then due at a random time within twice the mean interval.
    pub fn take_due_anchors<'a>(&mut self, anchors: &'a [AnchorSite], now: Instant) -> Vec<&'a AnchorSite> {
        self.anchor_at.retain(|name, _| anchors.iter().any(|anchor| anchor.name == *name));
        let mut due = Vec::new();
        for anchor in anchors {
            let first = if self.at_once { now } else { now + random(PROBE_EVERY) };
            let at = self.anchor_at.entry(anchor.name.clone()).or_insert(first);
            if *at <= now {
                *at = now + random(PROBE_EVERY * 2);
                due.push(anchor);
            }
        }
        due
    }

    /// Whether an anchor is due, or new.
    pub fn anchor_is_due(&self, anchors: &[AnchorSite], now: Instant) -> bool {
        anchors.iter().any(|anchor| self.anchor_at.get(&anchor.name).is_none_or(|at| *at <= now))
    }

    /// An echo with a family succeeded.
    pub fn note_echo(&mut self, family: Family, at: Timestamp) {
        self.record.note_echo(family, at);
    }

    /// A probe came back.
    pub fn note_probe(&mut self, anchor: &AnchorSite, at: Timestamp, micros: u32) {
        self.record.note_probe(anchor, at, micros);
    }

    /// The least round trips of the last day.
    pub fn anchors(&self, anchors: &[AnchorSite], now: Timestamp) -> Vec<AnchorRoundTrip> {
        self.record.least(anchors, now)
    }

    /// What was kept.
    pub const fn record(&self) -> &RoundTripRecord {
        &self.record
    }

    /// Keeps what is new.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn save(&mut self, directory: &StateDirectory, now: Timestamp) -> Result<(), FileError> {
        self.record.save(directory, now)
    }
}

fn random(range: Duration) -> Duration {
    Duration::from_millis(random_up_to(u64::try_from(range.as_millis()).unwrap_or(u64::MAX)))
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Within this time a machine that was never measured is.
const SOON: Duration = Duration::from_secs(30 * 60);
/// Ten probes of each anchor a day, on average.
const PROBE_EVERY: Duration = Duration::from_secs(24 * 60 * 60 / 10);

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(name: &str) -> AnchorSite {
        let key = bearing_protocol::key::FileKey::from_seed(&zeroize::Zeroizing::new([7; 32])).public();
        AnchorSite {
            name: name.to_owned(),
            address: "127.0.0.1:1".to_owned(),
            key,
            latitude: 0.0,
            longitude: 0.0,
            country: "DE".to_owned(),
        }
    }

    #[test]
    fn a_family_is_measured_about_once_a_day_also_after_restarts() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDirectory::new(temporary.path());
        let (now, at): (Timestamp, _) = ("2026-06-01T00:00:00Z".parse().unwrap(), Instant::now());
        let mut rounds = Rounds::load(&directory, now, at);
        assert!(rounds.echo_at.iter().all(|due| *due <= at + SOON));
        assert_eq!(rounds.take_due_echoes(at + SOON), Family::BOTH);
        assert!(rounds.take_due_echoes(at + SOON + DAY / 3).is_empty());
        assert_eq!(rounds.take_due_echoes(at + SOON + DAY * 2).len(), 2);
        rounds.note_echo(Family::Ipv4, now);
        rounds.save(&directory, now).unwrap();
        let again = Rounds::load(&directory, now, at);
        assert!(again.echo_at[0] >= at + DAY && again.echo_at[1] <= at + SOON);
        // A clock that went back by years does not put it off for years.
        let before: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
        assert!(Rounds::load(&directory, before, at).echo_at[0] <= at + SOON);
    }

    #[test]
    fn an_anchor_is_probed_about_ten_times_a_day() {
        let temporary = tempfile::tempdir().unwrap();
        let start = Instant::now();
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let mut rounds = Rounds::load(&StateDirectory::new(temporary.path()), now, start);
        let anchors = [anchor("a"), anchor("b")];
        let step = Duration::from_secs(300);
        let probes: usize =
            (0..288 * 20).map(|n| rounds.take_due_anchors(&anchors, start + step * n).len()).sum();
        assert!((300..=520).contains(&probes), "{probes} in 20 days, of two");
        rounds.take_due_anchors(&anchors[..1], start);
        assert_eq!(rounds.anchor_at.len(), 1, "an anchor that policy no longer names is forgotten");
    }
}
