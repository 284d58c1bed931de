//! What the service remembers for `status` and `show`.
//!
//! Always: it says what was collected and sent, and nothing about whether anybody looks into it.

use std::time::Duration;

use bearing_protocol::{
    Timestamp, api::ShownPlace, coverage::Source, digest::Digest, payload::InventoryValue, report::Report,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::state::{FileError, StateDirectory};

/// The service's state, as far as people want to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// When the service began.
    pub started_at: Option<Timestamp>,
    /// When it was asked to stop.
    pub stopped_at: Option<Timestamp>,
    /// When the server last took a message, by the agent's clock.
    pub last_sent_at: Option<Timestamp>,
    /// The number of that message.
    pub last_sequence: u64,
    /// Server's clock minus agent's at that moment, in seconds.
    pub clock_skew_s: Option<i64>,
    /// When the next evaluation is due, by the agent's clock.
    pub next_evaluation_at: Option<Timestamp>,
    /// Messages that wait.
    pub waiting: usize,
    /// Bytes of the spool.
    pub spool_bytes: u64,
    /// The last place verdict that the server showed, where policy shows it to everybody.
    pub place: Option<ShownPlace>,
    trouble: Option<Trouble>,
    #[serde(skip)]
    saved: Option<Box<Record>>,
}

/// Why messages do not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// The server's stable code, where it gave one.
    pub code: Option<String>,
    /// In words.
    pub text: String,
    /// Whether nothing is sent until a person acts.
    pub ends_sending: bool,
}

impl Record {
    const FILE: &'static str = "status.json";

    /// What is on disk; a fresh record where there is none or it cannot be read: nothing depends on it.
    pub fn load(directory: &StateDirectory) -> Self {
        directory.read_json(Self::FILE).ok().flatten().unwrap_or_default()
    }

    /// Writes it where it changed.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn save(&mut self, directory: &StateDirectory) -> Result<(), FileError> {
        let plain = self.plain();
        if self.saved.as_deref() == Some(&plain) {
            return Ok(());
        }
        directory.write_json(Self::FILE, &plain)?;
        self.saved = Some(Box::new(plain));
        Ok(())
    }

    /// What is told, without what only serves to tell whether it changed.
    pub(super) fn plain(&self) -> Self {
        Self {
            started_at: self.started_at,
            stopped_at: self.stopped_at,
            last_sent_at: self.last_sent_at,
            last_sequence: self.last_sequence,
            clock_skew_s: self.clock_skew_s,
            next_evaluation_at: self.next_evaluation_at,
            waiting: self.waiting,
            spool_bytes: self.spool_bytes,
            place: self.place.clone(),
            trouble: self.trouble.clone(),
            saved: None,
        }
    }

    /// The server's clock when it last answered.
    pub fn last_server_time(&self) -> Option<Timestamp> {
        let skew = SignedDuration::from_secs(self.clock_skew_s?);
        self.last_sent_at?.checked_add(skew).ok()
    }

    pub(super) fn started(&mut self, now: Timestamp) {
        self.started_at = Some(now);
        self.stopped_at = None;
        // A restart is a person's act: what ended sending is tried again.
        self.trouble = None;
    }

    pub(super) fn stopping(&mut self, now: Timestamp) {
        self.stopped_at = Some(now);
        self.next_evaluation_at = None;
    }

    pub(super) fn sent(&mut self, now: Timestamp, server_time: Timestamp, sequence: u64) {
        self.last_sent_at = Some(now);
        self.last_sequence = sequence;
        self.clock_skew_s = Some(server_time.duration_since(now).as_secs());
        self.trouble = None;
    }

    pub(super) fn failed(&mut self, now: Timestamp, code: Option<&str>, text: &str, ends_sending: bool) {
        let since = self.trouble.as_ref().map_or(now, |trouble| trouble.since);
        let code = code.map(str::to_owned);
        self.trouble = Some(Trouble { since, code, text: text.to_owned(), ends_sending });
    }

    pub(super) fn note_waiting(&mut self, waiting: usize, bytes: u64) {
        self.waiting = waiting;
        self.spool_bytes = bytes;
    }

    /// To the minute, so that the file is not written over and over.
    pub(super) fn note_next_evaluation(&mut self, now: Timestamp, until: Duration) {
        if self.stopped_at.is_some() {
            return;
        }
        let at = SignedDuration::try_from(until).ok().and_then(|until| now.checked_add(until).ok());
        let minute = at.and_then(|at| Timestamp::from_second(at.as_second() / 60 * 60).ok());
        self.next_evaluation_at = minute;
    }

    /// Why messages do not arrive, where they do not.
    pub const fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }
}

/// The last report that was made, in full.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LastReport {
    /// Its number.
    pub sequence: u64,
    /// Its chain digest.
    pub digest: Digest,
    /// The report.
    pub report: Report,
    /// The inventory that went with it.
    pub inventory: Vec<(Source, InventoryValue)>,
}

impl LastReport {
    const FILE: &'static str = "last-report.json";

    /// What is on disk; `None` where no report was made yet.
    ///
    /// # Errors
    /// Where the file cannot be read or is damaged.
    pub fn load(directory: &StateDirectory) -> Result<Option<Self>, FileError> {
        directory.read_json(Self::FILE)
    }

    pub(super) fn save(&self, directory: &StateDirectory) -> Result<(), FileError> {
        directory.write_json(Self::FILE, self)
    }
}
