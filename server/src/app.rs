//! What every handler and job is given.

use std::sync::Arc;

use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{
    clock::Clock,
    id::ServerId,
    key::{FileKey, PublicKey},
};
use bearing_store::Store;
use zeroize::Zeroizing;

use crate::{geo::Live, release::Releases};

/// The server's shared parts. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// See [`App`].
pub struct Parts {
    /// What the server remembers.
    pub store: Arc<dyn Store>,
    /// Address tables in use.
    pub geo: Live,
    /// Signed lists of releases.
    pub releases: Releases,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The catalogue, for words and for `evaluate`.
    pub catalogue: Catalogue,
    /// The policy that server-side evaluation uses where none was published.
    pub policy: Policy,
    /// This installation.
    pub server: ServerId,
    /// Signs observations and evaluations.
    pub evidence_key: FileKey,
    /// The CA certificate that agents pin, PEM.
    pub ca_pem: String,
    /// Keys that sign policy, and how many must.
    pub policy_keys: Vec<PublicKey>,
    /// See `policy_keys`.
    pub policy_threshold: usize,
    /// Employee-side keys, where pinned.
    pub employee_keys: Vec<PublicKey>,
    /// Id of the tenant HMAC key.
    pub tenant_key_id: String,
    /// The tenant HMAC key, handed to agents at enrolment.
    pub tenant_key: Zeroizing<[u8; 32]>,
    /// Keys the digests of source addresses; never leaves the server.
    pub observation_key: Zeroizing<[u8; 32]>,
    /// The address people and agents reach the server at (`https://bearing.example:8443`).
    pub public_url: String,
    /// Whether simulated devices are allowed (`--demo`).
    pub demo: bool,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
