//! `policy check`, `keygen`, `sign`, `publish`, `diff`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use bearing_policies::{Policy as SitePolicy, check, policy::PolicyError};
use bearing_protocol::{
    envelope::Envelope,
    key::{FileKey, KeySet, Signer as _},
    payload::PolicyPayload,
};
use bearing_store::PolicyRow;
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{Installation, policy_diff::Diff, policy_sign::Sign};
use crate::{
    act,
    app::App,
    auth::random_bytes,
    files::{create_secret, read_text},
};

/// `policy`.
#[derive(Debug, Args)]
pub(super) struct Policy {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check a policy file, and the rules and cases that are built in
    Check(Check),
    /// Make a policy-signing key, offline
    Keygen(Keygen),
    /// Turn a policy file into a signed envelope, offline
    Sign(Sign),
    /// Hand a signed policy out to agents
    Publish(Publish),
    /// What changes from one policy to another
    Diff(Diff),
}

#[derive(Debug, Args)]
struct Check {
    /// The policy file; without it the built-in rules, catalogue, profiles and cases alone
    file: Option<PathBuf>,
    /// Check rules, catalogue, profiles and cases of this directory instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Keygen {
    /// Where the private half goes; nobody else can read it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Publish {
    #[command(flatten)]
    installation: Installation,
    /// The signed envelope
    file: PathBuf,
}

impl Policy {
    pub(super) async fn run(self) -> Result<u8> {
        match self.what {
            What::Check(check) => check.run(),
            What::Keygen(keygen) => keygen.run().map(|()| 0),
            What::Sign(sign) => sign.run().map(|()| 0),
            What::Publish(publish) => publish.run().await.map(|()| 0),
            What::Diff(diff) => diff.run(),
        }
    }
}

impl Check {
    fn run(&self) -> Result<u8> {
        let mut problems: Vec<String> = match &self.data {
            Some(directory) => check::check_directory(directory)
                .with_context(|| format!("cannot read `{}`", directory.display()))?,
            None => check::check_embedded(),
        }
        .iter()
        .map(ToString::to_string)
        .collect();
        if let Some(file) = &self.file
            && let Err(PolicyError(found)) = SitePolicy::from_toml(&read_text(file)?)
        {
            let name = file.display().to_string();
            problems.extend(
                found.into_iter().map(|problem| check::Problem { file: name.clone(), ..problem }.to_string()),
            );
        }
        if problems.is_empty() {
            super::print("nothing is wrong")?;
            return Ok(0);
        }
        super::print(&problems.join("\n"))?;
        Ok(1)
    }
}

impl Keygen {
    fn run(&self) -> Result<()> {
        let seed = Zeroizing::new(random_bytes::<32>()?);
        let key = FileKey::from_seed(&seed);
        create_secret(&self.out, &Zeroizing::new(format!("{}\n", hex::encode(seed.as_ref()))))?;
        super::print(&format!(
            "wrote the private half to {}\nid      {}\npublic  {}",
            self.out.display(),
            key.key_id(),
            String::from(key.public())
        ))
    }
}

/// A signed policy that this installation may hand out.
fn verified(app: &App, envelope: &Envelope) -> Result<(PolicyPayload, SitePolicy)> {
    let keys = KeySet::threshold(app.policy_keys.iter().copied(), app.policy_threshold);
    let payload = envelope
        .open::<PolicyPayload>(&keys)
        .context("the policy is not signed as this installation's agents want it")?
        .into_inner();
    if payload.widens_collection && !app.employee_keys.is_empty() {
        let employees = KeySet::threshold(app.employee_keys.iter().copied(), 1);
        envelope.open::<PolicyPayload>(&employees).context(
            "the policy collects more than the one before it: an employee-side key must have signed it too",
        )?;
    }
    ensure!(payload.expires_at > app.clock.now(), "the policy expired at {:.0}", payload.expires_at);
    let policy = SitePolicy::from_json(&payload.policy)?;
    ensure!(
        policy.version() == payload.version && policy.name() == payload.name,
        "name and version of the envelope are not the policy's: sign it again"
    );
    Ok((payload, policy))
}

impl Publish {
    async fn run(self) -> Result<()> {
        let app = self.installation.open().await?;
        let name = self.file.display();
        let envelope: Envelope = serde_json::from_str(&read_text(&self.file)?).with_context(|| {
            format!("`{name}` is no signed policy: make one with `bearing-server policy sign`")
        })?;
        let (payload, policy) = verified(&app, &envelope)?;
        if let Some(before) = app.store.policies().await?.first() {
            let body: PolicyPayload = serde_json::from_slice(&before.envelope.body_unverified()?)?;
            let old = SitePolicy::from_json(&body.policy)?;
            if policy.widens_collection_over(&old) && !payload.widens_collection {
                bail!(
                    "the policy collects more than version {}, and does not say so: sign it with --previous",
                    before.version
                );
            }
        }
        let row = PolicyRow {
            name: payload.name.clone(),
            version: payload.version,
            digest: policy.summary().digest,
            envelope,
            groups: policy.group().map(str::to_owned).into_iter().collect(),
            published_by: "cli".to_owned(),
            published_at: app.clock.now(),
        };
        let detail =
            serde_json::json!({ "version": row.version, "digest": row.digest, "groups": row.groups });
        act::note(&app, "cli", "policy.publish", &row.name, detail).await?;
        app.store.publish_policy(&row).await?;
        super::print(&format!("published {} version {}", row.name, row.version))
    }
}
