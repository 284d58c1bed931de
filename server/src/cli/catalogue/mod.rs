//! `catalogue`: what is known of tools and devices.
//!
//! Always: works on files alone, but for `learn`, which reads the store and writes nothing to it; what another
//! collection or the fleet teaches is written as files for a person to review.

mod diff;
mod files;
mod import;
mod learn;
mod show;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bearing_policies::{catalogue::kvm::KvmCatalogue, check::DataFiles};
use clap::{Args, Subcommand};

use files::Files;

/// `catalogue`.
#[derive(Debug, Args)]
pub(super) struct Catalogue {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Compile rules, tools, devices, profiles and cases; without a directory: those that are built in
    Check(Check),
    /// List tools and devices
    List(show::List),
    /// Show one tool or device: what it leaves, from where that is known, how far it is trusted
    Show(show::Show),
    /// What differs between two catalogues
    Diff(diff::Diff),
    /// What a newer collection of tools would change
    Import(import::Import),
    /// Genuine devices of the organisation's own fleet, as files to review
    Learn(learn::Learn),
}

#[derive(Debug, Args)]
struct Check {
    /// A directory laid out as the project's `policies`
    directory: Option<PathBuf>,
}

impl Catalogue {
    pub(super) async fn run(&self) -> Result<u8> {
        match &self.what {
            What::Check(check) => check.run(),
            What::List(list) => list.run(),
            What::Show(show) => show.run(),
            What::Diff(diff) => diff.run(),
            What::Import(import) => import.run(),
            What::Learn(learn) => learn.run().await,
        }
    }
}

impl Check {
    fn run(&self) -> Result<u8> {
        let (data, files) = match &self.directory {
            None => (DataFiles::embedded(), Files::embedded()),
            Some(directory) => {
                let data = DataFiles::read(directory)
                    .with_context(|| format!("cannot read `{}`", directory.display()))?;
                (data, Files::read(&directory.join("catalogue"))?)
            }
        };
        let mut problems = data.check();
        let devices = files.borrowed_devices();
        if let Err(found) = KvmCatalogue::compile(&devices) {
            problems.extend(found);
        }
        let counts = [
            (data.rules.len(), "rules"),
            (data.tools.len(), "tools"),
            (devices.len(), "device files"),
            (data.profiles.len(), "profiles"),
            (data.cases.len(), "cases"),
        ];
        let counts: Vec<String> = counts.iter().map(|(count, what)| format!("{count} {what}")).collect();
        let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let verdict = match problems.len() {
            0 => "everything holds".to_owned(),
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        };
        lines.push(format!("{}: {verdict}", counts.join(", ")));
        super::print(&lines.join("\n"))?;
        Ok(u8::from(!problems.is_empty()))
    }
}
