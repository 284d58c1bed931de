//! What `init` made once: who this server is, its keys, what agents pin.
//!
//! Always: the private policy key is nowhere near. [`Installation::load`] refuses a data directory in which it
//! can be read.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{
    clock::Clock,
    id::ServerId,
    key::{FileKey, KeySet, PublicKey},
};
use bearing_store_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    app::{App, Parts},
    files::{FileError, MAX_FILE_BYTES, read_text},
    geo::Live,
    release::Releases,
};

/// The store's file.
pub const STORE_FILE: &str = "bearing.db";
/// What is no secret.
pub const INSTALLATION_FILE: &str = "installation.json";
/// The CA's certificate.
pub const CA_FILE: &str = "ca.pem";
/// The CA's key.
pub const CA_KEY_FILE: &str = "ca.key";
/// The key that signs observations and evaluations.
pub const EVIDENCE_KEY_FILE: &str = "evidence.key";
/// The key of address digests.
pub const OBSERVATION_KEY_FILE: &str = "observation.key";
/// The tenant's HMAC key.
pub const TENANT_KEY_FILE: &str = "tenant.key";

/// What is no secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// This server.
    pub server: ServerId,
    /// Its address.
    pub public_url: String,
    /// Keys that sign policy.
    pub policy_keys: Vec<PublicKey>,
    /// How many must.
    pub policy_threshold: usize,
    /// Employee-side keys.
    #[serde(default)]
    pub employee_keys: Vec<PublicKey>,
    /// Id of the tenant key.
    pub tenant_key_id: String,
}

/// A data directory, read.
pub struct Installation {
    /// Where.
    pub dir: PathBuf,
    /// What is no secret.
    pub facts: Facts,
    /// The CA's certificate, PEM.
    pub ca_pem: String,
    evidence_key: Zeroizing<[u8; 32]>,
    observation_key: Zeroizing<[u8; 32]>,
    tenant_key: Zeroizing<[u8; 32]>,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum InstallationError {
    #[error("`{0}` is no data directory: make one with `bearing-server init --data-dir {0} …`")]
    None(String),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{path}` is damaged: restore it from a backup")]
    Damaged { path: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "the private policy key lies in `{0}`, where this server can read it: whoever takes over the server could \
         then loosen policy. Move it to a machine of its own, then start again"
    )]
    PolicyKey(String),
    #[error(transparent)]
    Store(#[from] bearing_store_sqlite::OpenError),
}

/// 32 secret bytes as they stand in a file: 64 hex digits on one line.
///
/// # Errors
/// Where they are not there or not that.
pub fn read_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, InstallationError> {
    let text = Zeroizing::new(read_text(path)?);
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), bytes.as_mut()).map_err(|source| InstallationError::Damaged {
        path: path.display().to_string(),
        source: Box::new(source),
    })?;
    Ok(bytes)
}

impl Installation {
    /// Reads a data directory.
    ///
    /// # Errors
    /// Where it is none, is damaged, or holds the private policy key.
    pub fn load(dir: &Path) -> Result<Self, InstallationError> {
        let path = dir.join(INSTALLATION_FILE);
        if !path.exists() {
            return Err(InstallationError::None(dir.display().to_string()));
        }
        let facts: Facts = serde_json::from_str(&read_text(&path)?).map_err(|source| {
            InstallationError::Damaged { path: path.display().to_string(), source: Box::new(source) }
        })?;
        refuse_policy_key(dir, &facts)?;
        Ok(Self {
            ca_pem: read_text(&dir.join(CA_FILE))?,
            evidence_key: read_key(&dir.join(EVIDENCE_KEY_FILE))?,
            observation_key: read_key(&dir.join(OBSERVATION_KEY_FILE))?,
            tenant_key: read_key(&dir.join(TENANT_KEY_FILE))?,
            dir: dir.to_owned(),
            facts,
        })
    }

    /// Opens its store.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub async fn open_store(&self) -> Result<SqliteStore, InstallationError> {
        self.open_store_bounded(None).await
    }

    /// Opens its store, which then grows to `max_bytes` at most.
    ///
    /// # Errors
    /// As [`Installation::open_store`].
    pub async fn open_store_bounded(&self, max_bytes: Option<u64>) -> Result<SqliteStore, InstallationError> {
        Ok(SqliteStore::open_bounded(&self.dir.join(STORE_FILE), max_bytes).await?)
    }

    /// The parts that every command and the server itself work with.
    pub fn app(&self, store: SqliteStore, clock: Arc<dyn Clock>, demo: bool) -> App {
        App::new(Parts {
            store: Arc::new(store),
            geo: Live::builtin(),
            releases: Releases::new(
                &self.dir,
                KeySet::threshold(self.facts.policy_keys.iter().copied(), self.facts.policy_threshold),
            ),
            clock,
            catalogue: Catalogue::embedded(),
            policy: Policy::default(),
            server: self.facts.server.clone(),
            evidence_key: FileKey::from_seed(&self.evidence_key),
            ca_pem: self.ca_pem.clone(),
            policy_keys: self.facts.policy_keys.clone(),
            policy_threshold: self.facts.policy_threshold,
            employee_keys: self.facts.employee_keys.clone(),
            tenant_key_id: self.facts.tenant_key_id.clone(),
            tenant_key: self.tenant_key.clone(),
            observation_key: self.observation_key.clone(),
            public_url: self.facts.public_url.clone(),
            demo,
        })
    }
}

/// Refuses a directory in which one of the policy keys can be read, in whatever file.
///
/// # Errors
/// Where it can, with the file.
pub fn refuse_policy_key(dir: &Path, facts: &Facts) -> Result<(), InstallationError> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_small = entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_FILE_BYTES);
        if is_small
            && fs::read(&path).is_ok_and(|bytes| holds_key(&Zeroizing::new(bytes), &facts.policy_keys))
        {
            return Err(InstallationError::PolicyKey(path.display().to_string()));
        }
    }
    Ok(())
}

/// Whether some 64 hex digits in `bytes`, or the bytes themselves, are the secret half of one of `keys`.
fn holds_key(bytes: &[u8], keys: &[PublicKey]) -> bool {
    let is_secret = |seed: [u8; 32]| keys.contains(&FileKey::from_seed(&Zeroizing::new(seed)).public());
    if <[u8; 32]>::try_from(bytes).is_ok_and(is_secret) {
        return true;
    }
    bytes.split(|byte| !byte.is_ascii_hexdigit()).filter(|run| run.len() == 64).any(|run| {
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(run, seed.as_mut()).is_ok() && is_secret(*seed)
    })
}
