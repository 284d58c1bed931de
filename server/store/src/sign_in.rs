//! Sign-ins of people at their identity provider, as imported.
//!
//! Always: an event is stored once, however often its log is imported; whose it is stands there as the roster's id of
//! the person, where from as a keyed digest with country, network and class.

use bearing_protocol::Timestamp;

use crate::{SourceSeen, StoreError};

/// A sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRow {
    /// Keyed digest of the provider's event id, hex.
    pub event: String,
    /// Whose: the roster's id.
    pub person: String,
    /// `okta` or `entra`.
    pub provider: String,
    /// When.
    pub at: Timestamp,
    /// From where; `address` is never stored.
    pub source: SourceSeen,
}

/// Sign-ins.
#[async_trait::async_trait]
pub trait SignIns {
    /// Adds them in one transaction; the positions (into `rows`) of those that were not there before.
    async fn add_sign_ins(&self, rows: &[SignInRow]) -> Result<Vec<usize>, StoreError>;
    /// How many are kept.
    async fn sign_in_count(&self) -> Result<u64, StoreError>;
}
