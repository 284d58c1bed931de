//! Published policies, as signed.

use bearing_protocol::{Timestamp, digest::Digest, envelope::Envelope};

use crate::StoreError;

/// A published policy.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// Digest of the policy's canonical JSON.
    pub digest: Digest,
    /// The signed envelope.
    pub envelope: Envelope,
    /// Groups it is for; empty: all.
    pub groups: Vec<String>,
    /// Who published it.
    pub published_by: String,
    /// When.
    pub published_at: Timestamp,
}

/// Policies.
#[async_trait::async_trait]
pub trait Policies {
    /// Publishes; `Conflict` where the version is not above the highest published.
    async fn publish_policy(&self, policy: &PolicyRow) -> Result<(), StoreError>;
    /// The highest version for `group`.
    async fn policy_for(&self, group: &str) -> Result<Option<PolicyRow>, StoreError>;
    /// All, newest first.
    async fn policies(&self) -> Result<Vec<PolicyRow>, StoreError>;
}
