use std::fmt;

use bearing_protocol::{
    Timestamp,
    id::{DeviceId, ServerId},
    key::{KeySet, PublicKey},
};
use serde::{Deserialize, Serialize};

use super::{FileError, StateDirectory};
use crate::tenant::TenantKey;

/// Whose certificates the agent accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsTrust {
    /// The CA that was pinned at enrolment, and no other.
    #[default]
    PinnedCa,
    /// The operating system's store: for networks that inspect TLS with a CA of their own.
    OsStore,
}

/// What was pinned when this machine was enrolled. Written once, whole, in one file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The server, as `https://host:port`.
    pub server_url: String,
    /// Whom reports are for.
    pub server: ServerId,
    /// This device.
    pub device_id: DeviceId,
    /// The server's CA, PEM.
    pub ca_pem: String,
    /// Keys that sign policy.
    pub policy_keys: Vec<PublicKey>,
    /// How many of them must sign.
    pub policy_threshold: usize,
    /// Employee-side keys: one of them must sign what widens collection.
    #[serde(default)]
    pub employee_keys: Vec<PublicKey>,
    /// The server's evidence key.
    pub evidence_key: PublicKey,
    /// The organisation's key for pseudonyms.
    pub tenant: TenantKey,
    /// Whether an administrator had yet to approve when this was written.
    pub pending: bool,
    /// When, by the server's clock.
    pub enrolled_at: Timestamp,
}

impl Enrolment {
    /// The file's name.
    pub const FILE: &'static str = "enrolment.json";

    /// What is on disk; `None` where this machine is not enrolled.
    ///
    /// # Errors
    /// Where the file cannot be read or is damaged.
    pub fn load(directory: &StateDirectory) -> Result<Option<Self>, FileError> {
        directory.read_json(Self::FILE)
    }

    /// Writes it in one piece.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn save(&self, directory: &StateDirectory) -> Result<(), FileError> {
        directory.write_json(Self::FILE, self)
    }

    /// The keys that sign policy, with their threshold.
    pub fn policy_key_set(&self) -> KeySet {
        KeySet::threshold(self.policy_keys.iter().copied(), self.policy_threshold)
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolment")
            .field("server_url", &self.server_url)
            .field("server", &self.server)
            .field("device_id", &self.device_id)
            .finish_non_exhaustive()
    }
}
