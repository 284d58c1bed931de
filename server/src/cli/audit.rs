//! `audit verify`.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::Installation;

/// `audit`.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Walk the whole chain; exit 1 at the first entry that does not fit
    Verify(Installation),
}

impl Audit {
    pub(super) async fn run(self) -> Result<u8> {
        let What::Verify(installation) = self.what;
        let app = installation.open().await?;
        match app.store.verify_audit().await? {
            Ok(count) => {
                let last =
                    app.store.audit_entries(None, 1).await?.into_iter().next().and_then(|entry| entry.chain);
                let head = last.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
                super::print(&format!("{count} entries fit; the last one's chain digest is {head}"))?;
                Ok(0)
            }
            Err(number) => {
                super::print(&format!(
                    "entry {number} does not fit: it, or one before it, was changed or removed"
                ))?;
                Ok(1)
            }
        }
    }
}
