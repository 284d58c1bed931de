//! `evidence export` and `evidence verify`.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use bearing_protocol::{id::EvaluationId, text::printable};
use clap::{Args, Subcommand};

use super::Installation;
use crate::evidence::{self, TrustedKey};

/// Largest bundle that is read, in bytes.
const MAX_BUNDLE_BYTES: u64 = 1024 * 1024 * 1024;

/// `evidence`.
#[derive(Debug, Args)]
pub(super) struct Evidence {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the signed bundle of a frozen evaluation
    Export(Export),
    /// Check a bundle offline: needs the bundle and public keys, nothing else; exit 1 where anything does not hold
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Export {
    /// The evaluation (`eva_…`)
    id: EvaluationId,
    #[command(flatten)]
    installation: Installation,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct Verify {
    /// The bundle
    file: PathBuf,
    /// The evidence key you trust: its id (`key_…`) or its 64 hex digits, as the organisation published it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Evidence {
    pub(super) async fn run(&self) -> Result<u8> {
        match &self.what {
            What::Export(export) => export.run().await.map(|()| 0),
            What::Verify(verify) => verify.run(),
        }
    }
}

impl Export {
    async fn run(&self) -> Result<()> {
        let app = self.installation.open().await?;
        let bytes = evidence::export(&app, "cli", &self.id).await?;
        fs::write(&self.out, &bytes).with_context(|| format!("cannot write `{}`", self.out.display()))?;
        super::print(&format!("wrote {} ({} bytes)", self.out.display(), bytes.len()))
    }
}

impl Verify {
    fn run(&self) -> Result<u8> {
        let name = self.file.display();
        let size = fs::metadata(&self.file).with_context(|| format!("cannot read `{name}`"))?.len();
        ensure!(size <= MAX_BUNDLE_BYTES, "`{name}` is larger than {MAX_BUNDLE_BYTES} bytes");
        let bytes = fs::read(&self.file).with_context(|| format!("cannot read `{name}`"))?;
        let trusted = self.key.as_deref().map(trusted_key).transpose()?;
        let result = evidence::verify(&bytes, trusted.as_ref());
        let mut lines = Vec::new();
        for check in &result.checks {
            let what = printable(&check.what, 300);
            match &check.problem {
                None => lines.push(format!("  holds  {what}")),
                Some(problem) => lines.push(format!("  FAILS  {what}: {}", printable(problem, 500))),
            }
        }
        if let Some(evaluation) = &result.name {
            let c = result.counts;
            lines.push(String::new());
            lines.push(format!("evaluation \"{}\"", printable(evaluation, 200)));
            lines.push(format!(
                "  {} of {} devices answered with a fresh signed report",
                c.assessed, c.devices
            ));
            lines.push(format!(
                "  rules: {} pass, {} fail, {} not applicable, {} not assessed",
                c.pass, c.fail, c.not_applicable, c.not_assessed
            ));
            lines.push(format!("  values: {} disclosed, {} withheld", result.disclosed, result.withheld));
        }
        if let Some(case) = &result.case {
            lines.push(String::new());
            lines.push(format!("case \"{}\"", printable(case, 200)));
            lines.push(format!("  values: {} disclosed, {} withheld", result.disclosed, result.withheld));
        }
        if let (Some(key), false) = (&result.key, result.trusted) {
            lines.push(format!(
                "\nThe signing key {key} is the bundle's own. Compare it with the one the organisation published, or give --key."
            ));
        }
        let holds = result.holds();
        lines.push(if holds {
            "\nEverything that was checked holds.".into()
        } else {
            "\nThis bundle does NOT verify.".into()
        });
        super::print(&lines.join("\n"))?;
        Ok(u8::from(!holds))
    }
}

fn trusted_key(text: &str) -> Result<TrustedKey> {
    if let Ok(id) = text.parse() {
        return Ok(TrustedKey::Id(id));
    }
    match bearing_protocol::key::PublicKey::try_from(text.to_owned()) {
        Ok(key) => Ok(TrustedKey::Key(key)),
        Err(_) => bail!("`{}` is neither a key id (`key_…`) nor 64 hex digits", printable(text, 100)),
    }
}
