//! `anchor` and `anchor keygen`: an own point from which round trips are believed.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use bearing_protocol::key::FileKey;
use clap::{Args, Subcommand};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::{
    anchor,
    auth::random_bytes,
    files::{create_secret, read_text},
};

/// `anchor`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Anchor {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    serve: Option<Serve>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make an anchor's key
    Keygen(Keygen),
}

#[derive(Debug, Args)]
struct Keygen {
    /// Where the private half is written; it must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Serve {
    /// Address for UDP and TCP
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8444")]
    listen: SocketAddr,
    /// The key that `anchor keygen` made
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Its name in policy
    #[arg(long, default_value = "anchor")]
    name: String,
    /// Host and port as devices reach it, for the policy's lines
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
}

impl Anchor {
    /// Whether it logs: the process that answers does.
    pub(super) const fn is_service(&self) -> bool {
        self.what.is_none()
    }

    pub(super) async fn run(self) -> Result<()> {
        match (self.what, self.serve) {
            (Some(What::Keygen(keygen)), _) => keygen.run(),
            (None, Some(serve)) => serve.run().await,
            (None, None) => anyhow::bail!("want `--key FILE`; `anchor keygen --out FILE` makes one"),
        }
    }
}

impl Keygen {
    fn run(&self) -> Result<()> {
        let seed = Zeroizing::new(random_bytes::<32>()?);
        let key = FileKey::from_seed(&seed);
        create_secret(&self.out, &Zeroizing::new(format!("{}\n", hex::encode(seed.as_ref()))))?;
        super::print(&format!(
            "wrote the private half to {}\npublic  {}",
            self.out.display(),
            String::from(key.public())
        ))
    }
}

impl Serve {
    async fn run(self) -> Result<()> {
        let key = read_key(&self.key)?;
        let public = String::from(key.public());
        let anchor = anchor::Anchor::bind(self.listen, key).await?;
        let reached = self.address.unwrap_or_else(|| format!("HOST:{}", anchor.address.port()));
        super::print(&format!(
            "answering on {} (UDP and TCP). For the policy, with its own place filled in:\n\n{}",
            anchor.address,
            snippet(&self.name, &reached, &public)
        ))?;
        let (stopping, stop) = watch::channel(false);
        let signals = crate::serve::Signals::new().context("cannot wait for signals")?;
        let running = tokio::spawn(anchor.run(stop));
        signals.wait().await;
        let _ = stopping.send(true);
        let _ = running.await;
        Ok(())
    }
}

/// The lines of a policy that name an anchor.
fn snippet(name: &str, address: &str, key: &str) -> String {
    format!(
        "[[anchor]]\nname = {}\naddress = {}\nkey = {}\nlatitude = 0.0    # degrees, of this machine\nlongitude = 0.0\ncountry = \"XX\"   # of this machine\n",
        toml::Value::from(name),
        toml::Value::from(address),
        toml::Value::from(key),
    )
}

fn read_key(path: &std::path::Path) -> Result<FileKey> {
    let text = Zeroizing::new(read_text(path)?);
    let bytes = Zeroizing::new(hex::decode(text.trim()).unwrap_or_default());
    let seed: Option<[u8; 32]> = bytes.as_slice().try_into().ok();
    ensure!(seed.is_some(), "`{}` holds no key: `anchor keygen --out FILE` makes one", path.display());
    Ok(FileKey::from_seed(&Zeroizing::new(seed.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use bearing_policies::Policy;

    use super::*;

    #[test]
    fn the_printed_lines_are_a_policy() {
        let key = String::from(FileKey::from_seed(&[3; 32].into()).public());
        let lines = snippet("fra \"1\"", "fra.example:8444", &key).replace("XX", "DE");
        let policy = Policy::from_toml(&format!("name = \"p\"\nversion = 1\n{lines}")).unwrap();
        assert_eq!(policy.anchors()[0].name, "fra \"1\"");
        assert_eq!(policy.anchors()[0].address, "fra.example:8444");
    }

    #[test]
    fn a_file_without_a_key_says_so() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "not hex").unwrap();
        assert!(read_key(&path).unwrap_err().to_string().contains("anchor keygen"));
    }
}
