//! `backup`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::Installation;

/// `backup`.
#[derive(Debug, Args)]
pub(super) struct Backup {
    #[command(flatten)]
    installation: Installation,
    /// Where the copy goes; it must not be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Backup {
    pub(super) async fn run(self) -> Result<()> {
        let app = self.installation.open().await?;
        app.store.backup(&self.out).await?;
        super::print(&format!(
            "wrote {}. The keys in the data directory are not in it: keep a copy of them apart.",
            self.out.display()
        ))
    }
}
