//! Work that may happen later: enqueued in the transaction that made it necessary, safe to run twice.

use bearing_protocol::{Timestamp, id::DeviceId};

use crate::StoreError;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Take a device's report into findings, place and verdict. `sequence` names the report.
    Correlate,
    /// A fork was refused: make it a finding (AT-03).
    Fork,
    /// A chain broke or has a gap: make it a finding (AT-02).
    Chain,
    /// The device's verdict is to be computed again (an approval came or went, silence began).
    Verdict,
    /// A check-in brought trips: take them. `sequence` names the check-in.
    Trips,
    /// What the device shares with others changed: look at those it hangs together with.
    Farm,
}

/// One piece of work.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// What.
    pub kind: JobKind,
    /// On which device.
    pub device: DeviceId,
    /// Which message, where one is meant.
    pub sequence: u64,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

/// Jobs.
#[async_trait::async_trait]
pub trait Jobs {
    /// Enqueues; a waiting job of the same kind, device and sequence is not doubled. One that somebody has taken
    /// meanwhile is done once more.
    async fn enqueue(
        &self,
        kind: JobKind,
        device: &DeviceId,
        sequence: u64,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Takes up to `limit` jobs, oldest first, hidden from others until `until`.
    async fn take_jobs(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Job>, StoreError>;
    /// Done: forgets them.
    async fn finish_jobs(&self, ids: &[i64]) -> Result<(), StoreError>;
    /// Failed: `retry_at` says when to try again.
    async fn fail_job(&self, id: i64, retry_at: Timestamp, error: &str) -> Result<(), StoreError>;
    /// How many wait, and since when the oldest.
    async fn job_backlog(&self) -> Result<(u64, Option<Timestamp>), StoreError>;
}
