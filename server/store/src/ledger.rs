//! Messages as they came: envelopes, their disclosures, what the server saw of them.
//!
//! Always: an envelope is stored byte for byte; a message is accepted once; numbers only grow; a
//! duplicate is acknowledged again and stored once; a report's correlation job is enqueued in the same
//! transaction.

use bearing_protocol::{
    Timestamp,
    commitment::Disclosure,
    digest::Digest,
    envelope::Envelope,
    id::{DeviceId, EvaluationId},
    payload::SpoolLoss,
};

use crate::{SourceSeen, StoreError};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A check-in; `true` where it is the agent's last word.
    Checkin {
        /// Whether it is the agent's last word.
        stopping: bool,
    },
    /// A report.
    Report,
}

/// A verified message, ready to be committed.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Whose. The key that verified belongs to it.
    pub device: DeviceId,
    /// What.
    pub kind: MessageKind,
    /// Its number.
    pub sequence: u64,
    /// The chain digest it names as the message before.
    pub previous: Option<Digest>,
    /// Its own chain digest.
    pub digest: Digest,
    /// What the agent's spool had to drop before it.
    pub spool_loss: Option<SpoolLoss>,
    /// The envelope as it came (JSON text).
    pub envelope: String,
    /// Values behind its commitments.
    pub disclosures: Vec<Disclosure>,
    /// The signed observation (JSON text of an envelope), for reports.
    pub observation: Option<String>,
    /// When it was received.
    pub received_at: Timestamp,
    /// Country, ASN and egress class observed, for the device's row.
    pub country: Option<String>,
    /// See `country`.
    pub asn: Option<u32>,
    /// See `country`.
    pub egress_class: Option<String>,
    /// What it came from, for the device's sightings.
    pub source: Option<SourceSeen>,
    /// The evaluation whose nonce it answers, already checked against the open challenge.
    pub answers: Option<(EvaluationId, String)>,
    /// Whether it announces or withdraws trips: they are taken by a job of the same transaction.
    pub brings_trips: bool,
}

/// How an accepted message continues its device's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// The next number, and `previous` is the last message's digest.
    Continues,
    /// Numbers are missing and the agent declared them lost (AT-07).
    DeclaredLoss,
    /// Numbers are missing and nobody declared it (AT-02).
    Gap {
        /// First missing number.
        from: u64,
        /// Last missing number.
        to: u64,
    },
    /// The number follows and `previous` is not the last message's digest (AT-02).
    Broken,
}

/// A committed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Whether it was there already.
    pub duplicate: bool,
    /// How it continues the chain.
    pub chain: Chain,
}

/// Why a message was not accepted. Nothing of it was stored, but a fork is remembered as an AT-03 job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Refusal {
    #[error("the device is not known")]
    UnknownDevice,
    #[error("the device was revoked")]
    Revoked,
    #[error("the device waits for approval")]
    Pending,
    #[error("message {sequence} was accepted before with other contents; the last number is {last}")]
    Fork { sequence: u64, last: u64 },
}

/// A message as it is stored.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// Whose.
    pub device: DeviceId,
    /// What.
    pub kind: MessageKind,
    /// Its number.
    pub sequence: u64,
    /// Its chain digest.
    pub digest: Digest,
    /// The envelope.
    pub envelope: Envelope,
    /// Disclosures that were not erased.
    pub disclosures: Vec<Disclosure>,
    /// The signed observation.
    pub observation: Option<Envelope>,
    /// When it was received.
    pub received_at: Timestamp,
    /// How it continued the chain.
    pub chain: Chain,
}

/// Messages.
#[async_trait::async_trait]
pub trait Ledger {
    /// Commits many messages in one transaction, in the order given; one result each, in that order.
    /// An error means that none was committed.
    async fn commit(&self, batch: Vec<Intake>) -> Result<Vec<Result<Accepted, Refusal>>, StoreError>;
    /// A device's message by its number.
    async fn message(&self, device: &DeviceId, sequence: u64) -> Result<Option<StoredMessage>, StoreError>;
    /// A message by its chain digest.
    async fn message_by_digest(
        &self,
        device: &DeviceId,
        digest: &Digest,
    ) -> Result<Option<StoredMessage>, StoreError>;
    /// The last report of a device.
    async fn last_report(&self, device: &DeviceId) -> Result<Option<StoredMessage>, StoreError>;
    /// The device's messages, newest first, at most `limit`, below `before` where given.
    async fn messages(
        &self,
        device: &DeviceId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, StoreError>;
    /// Erases one disclosed value; the message and its chain stay. True where there was one.
    async fn erase_disclosure(&self, device: &DeviceId, disclosure: &Disclosure) -> Result<bool, StoreError>;
    /// How many messages are stored.
    async fn message_count(&self) -> Result<u64, StoreError>;
}
