//! `sign-ins import`: an identity provider's log, held against where the devices were.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Installation;
use crate::{
    act,
    files::read_text,
    signin::{DeviceNames, MAX_FILE_BYTES, Provider, import, read},
};

/// `sign-ins`.
#[derive(Debug, Args)]
pub(super) struct SignIns {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Import a log: JSON, a line each, a Graph page, or CSV, as the provider exports it
    Import(Import),
}

#[derive(Debug, Args)]
struct Import {
    /// The log
    file: PathBuf,
    /// Whose log it is
    #[arg(long, value_enum)]
    format: Provider,
    /// Which device belongs to which user name at the provider: CSV, `user,device` (host name or id)
    #[arg(long, value_name = "FILE")]
    devices: PathBuf,
    /// Say what would be found, and store nothing
    #[arg(long)]
    dry_run: bool,
    /// Take the good rows where some are bad
    #[arg(long)]
    keep_good_rows: bool,
    #[command(flatten)]
    installation: Installation,
}

impl SignIns {
    /// 0 done, 1 rows were bad.
    pub(super) async fn run(self) -> Result<u8> {
        let What::Import(import) = self.what;
        import.run().await
    }
}

impl Import {
    async fn run(self) -> Result<u8> {
        let name = self.file.display().to_string();
        let size = std::fs::metadata(&self.file).with_context(|| format!("cannot read `{name}`"))?.len();
        anyhow::ensure!(size <= MAX_FILE_BYTES as u64, "`{name}` is larger than {MAX_FILE_BYTES} bytes");
        let bytes = std::fs::read(&self.file).with_context(|| format!("cannot read `{name}`"))?;
        let log = read(&bytes, self.format).with_context(|| format!("`{name}`"))?;
        let names = DeviceNames::parse(&read_text(&self.devices)?)
            .map_err(|problem| anyhow::anyhow!("`{}`: {problem}", self.devices.display()))?;
        let mut lines: Vec<String> =
            log.bad.iter().map(|row| format!("{name}:{}: {}", row.line, row.problem)).collect();
        if log.bad_count > log.bad.len() {
            lines.push(format!("… and {} more rows", log.bad_count - log.bad.len()));
        }
        if log.bad_count > 0 && !self.keep_good_rows {
            lines.push(format!(
                "{} rows are bad: nothing was taken. `--keep-good-rows` takes the others.",
                log.bad_count
            ));
            super::print(&lines.join("\n"))?;
            return Ok(1);
        }
        let app = self.installation.open().await?;
        if !self.dry_run {
            let detail =
                json!({"format": self.format.as_str(), "sign_ins": log.sign_ins.len(), "bad": log.bad_count});
            act::note(&app, "command line", "sign-ins.import", self.format.as_str(), detail).await?;
        }
        let done = import(&app, self.format, &log.sign_ins, &names, self.dry_run).await?;
        lines.push(format!(
            "{} sign-ins read, {} other entries passed over, {} rows bad\n{} belong to a device, {} to nobody here\n{} {}, {} from elsewhere while the device was heard",
            log.sign_ins.len(), log.passed_over, log.bad_count, done.matched, done.unknown_users, done.new,
            if self.dry_run { "would be taken" } else { "are new" }, done.elsewhere,
        ));
        super::print(&lines.join("\n"))?;
        Ok(u8::from(log.bad_count > 0))
    }
}
