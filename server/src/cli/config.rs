//! `config check`, `schema`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::config::{Config, REFERENCE};

/// `config`.
#[derive(Debug, Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check a configuration file
    Check {
        /// The file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Print every field with its default, commented
    Schema,
}

impl ConfigCommand {
    pub(super) fn run(&self) -> Result<()> {
        match &self.what {
            What::Check { config } => {
                Config::read(config)?;
                super::print("nothing is wrong")
            }
            What::Schema => super::print(REFERENCE.trim_end()),
        }
    }
}
