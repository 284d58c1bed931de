//! The audit log: append-only, hash-chained.

use bearing_protocol::{Timestamp, digest::Digest};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number, from 1, without gaps. 0 in an entry that is to be appended.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who: a person's name, `api:NAME`, `cli` or `server`.
    pub actor: String,
    /// What was done (`token.create`, `finding.approve`, `user.sign_in`, …).
    pub action: String,
    /// To what.
    pub object: String,
    /// Particulars, as JSON.
    pub detail: serde_json::Value,
    /// SHA-256 over the chain digest before it and this entry's canonical JSON without `chain`.
    pub chain: Option<Digest>,
}

impl AuditEntry {
    /// The chain digest of this entry after `before` (`None` for the first).
    pub fn chain_after(&self, before: Option<&Digest>) -> Digest {
        let bare = Self { chain: None, ..self.clone() };
        let mut bytes = before.map(|d| d.as_bytes().to_vec()).unwrap_or_default();
        bytes.extend(serde_json::to_vec(&bare).unwrap_or_default());
        Digest::of(&bytes)
    }
}

/// The audit log.
#[async_trait::async_trait]
pub trait AuditLog {
    /// Appends: number and chain are set by the store, in one transaction.
    async fn audit(&self, entry: &AuditEntry) -> Result<AuditEntry, StoreError>;
    /// Entries below `before` (all where `None`), newest first, at most `limit`.
    async fn audit_entries(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
    /// Walks the whole chain: the number of entries, or the first number that does not fit.
    async fn verify_audit(&self) -> Result<Result<u64, u64>, StoreError>;
}
