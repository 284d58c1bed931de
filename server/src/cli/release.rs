//! `release`: signed lists of a release's binaries.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bearing_protocol::{
    envelope::Envelope,
    key::{FileKey, Signer},
    payload::ReleasePayload,
};
use clap::{Args, Subcommand};

use super::Installation;
use crate::{
    act,
    auth::Actor,
    files::{create_public, read_text},
    installation::read_key,
};

/// `release`.
#[derive(Debug, Args)]
pub(super) struct Release {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Sign a list of binaries with the policy key, on the machine where that is
    Sign(Sign),
    /// Take a signed list: from then on a report by a program that is on none is a finding (AT-04)
    Load(Load),
    /// The lists that were taken
    List(List),
}

#[derive(Debug, Args)]
struct Sign {
    /// `release.json` as `cargo xtask package` wrote it, or an envelope to add a signature to
    file: PathBuf,
    /// A private policy key; may be given several times
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    /// Where the envelope goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Load {
    /// The signed list
    file: PathBuf,
    #[command(flatten)]
    installation: Installation,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    installation: Installation,
}

impl Release {
    pub(super) async fn run(&self) -> Result<()> {
        match &self.what {
            What::Sign(sign) => sign.run(),
            What::Load(load) => {
                let app = load.installation.open().await?;
                let release = act::load_release(&app, &Actor::command_line(), &load.file).await?;
                super::print(&format!(
                    "version {} is known from now on, for {}",
                    release.version,
                    release.agents.keys().cloned().collect::<Vec<_>>().join(", ")
                ))
            }
            What::List(list) => {
                let app = list.installation.open().await?;
                let releases = app.releases.list()?;
                if releases.is_empty() {
                    return super::print("no list was loaded: agents' programs are not judged");
                }
                for release in releases {
                    for (target, digest) in &release.agents {
                        super::print(&format!(
                            "{}  {:.0}  {target}  {digest}",
                            release.version, release.released_at
                        ))?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Sign {
    fn run(&self) -> Result<()> {
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
            Err(_) => {
                let payload: ReleasePayload = serde_json::from_str(&text)
                    .with_context(|| format!("`{}` is no list of a release", self.file.display()))?;
                let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
                Envelope::seal(&payload, &signers)?
            }
        };
        create_public(&self.out, &format!("{}\n", serde_json::to_string(&envelope)?))?;
        super::print(&format!("wrote {}", self.out.display()))
    }
}
