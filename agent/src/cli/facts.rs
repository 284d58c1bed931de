use std::{path::PathBuf, process::ExitCode};

use bearing_host::{Collection, collect};
use bearing_policies::{Catalogue, Policy};
use bearing_protocol::clock::Clock;
use clap::Args;

use super::{Failure, Format, evaluate::open_root, output};
use crate::facts_view;

/// `facts`: exactly what was read, and what of it would leave the machine.
#[derive(Debug, Args)]
pub(super) struct Facts {
    /// Read a copy of a machine's files below DIR instead of this machine
    #[arg(long, value_name = "DIR")]
    sysroot: Option<PathBuf>,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Facts {
    pub(super) fn run(&self, policy: &Policy, clock: &dyn Clock) -> Result<ExitCode, Failure> {
        let root = open_root(self.sysroot.as_ref())?;
        let catalogue = Catalogue::for_policy(policy);
        let collection = Collection { sources: policy.sources(), plan: catalogue.plan() };
        let facts = collect(&root, &collection, clock);
        match self.format {
            Format::Json => output::print_json(&facts)?,
            Format::Text => {
                let mut page = output::page();
                facts_view::render(&mut page, &facts, policy);
                output::print(&page.finish())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
