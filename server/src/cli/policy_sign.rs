//! `policy sign`: offline, where the key is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use bearing_policies::Policy;
use bearing_protocol::{
    clock::Clock as _,
    envelope::Envelope,
    key::{FileKey, Signer},
    payload::PolicyPayload,
};
use clap::Args;
use jiff::SignedDuration;

use crate::{
    clock::SystemClock,
    files::{create_public, read_text},
    installation::read_key,
};

/// `policy sign`.
#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The policy file (TOML), or an envelope to add a signature to
    file: PathBuf,
    /// A private policy key; may be given several times
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    /// The policy before it (TOML or envelope): says whether this one collects more
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// For how long agents take it as new, where the policy does not say (`8760h`)
    #[arg(long, value_name = "TIME", default_value = "8760h")]
    expires_in: SignedDuration,
    /// Where the envelope goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// A policy from a file in either form.
pub(super) fn read_policy(path: &Path) -> Result<Policy> {
    let text = read_text(path)?;
    let name = path.display();
    match serde_json::from_str::<Envelope>(&text) {
        Ok(envelope) => {
            let payload: PolicyPayload = serde_json::from_slice(&envelope.body_unverified()?)
                .with_context(|| format!("`{name}` carries no policy"))?;
            Policy::from_json(&payload.policy).with_context(|| format!("`{name}` cannot be used"))
        }
        Err(_) => Policy::from_toml(&text).with_context(|| format!("`{name}` cannot be used")),
    }
}

impl Sign {
    pub(super) fn run(&self) -> Result<()> {
        let keys = self
            .keys
            .iter()
            .map(|path| Ok(FileKey::from_seed(&read_key(path)?)))
            .collect::<Result<Vec<_>>>()?;
        let text = read_text(&self.file)?;
        let envelope = match serde_json::from_str::<Envelope>(&text) {
            Ok(mut envelope) => {
                for key in &keys {
                    envelope.add_signature(key)?;
                }
                envelope
            }
            Err(_) => self.seal(&keys)?,
        };
        create_public(&self.out, &format!("{}\n", serde_json::to_string(&envelope)?))?;
        let signers: Vec<_> = envelope.signatures.iter().map(|one| one.keyid.to_string()).collect();
        super::print(&format!("wrote {}, signed by {}", self.out.display(), signers.join(", ")))
    }

    fn seal(&self, keys: &[FileKey]) -> Result<Envelope> {
        let policy = read_policy(&self.file)?;
        let now = SystemClock.now();
        let expires_at = match policy.expires() {
            Some(expires) => expires,
            None => now.checked_add(self.expires_in).context("--expires-in is too long")?,
        };
        ensure!(expires_at > now, "the policy expired at {expires_at:.0}: give it a time to come");
        // What collects more than the shipped default says so, where nothing came before.
        let before = match &self.previous {
            Some(path) => read_policy(path)?,
            None => Policy::default(),
        };
        if self.previous.is_some() && policy.version() <= before.version() {
            bail!(
                "version {} is not above {}: a version never goes back",
                policy.version(),
                before.version()
            );
        }
        let payload = PolicyPayload {
            name: policy.name().to_owned(),
            version: policy.version(),
            issued_at: now,
            expires_at,
            widens_collection: policy.widens_collection_over(&before),
            policy: policy.to_json(),
        };
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
        Ok(Envelope::seal(&payload, &signers)?)
    }
}
