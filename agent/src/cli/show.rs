use std::process::ExitCode;

use bearing_policies::Catalogue;
use bearing_protocol::severity::Severity;
use clap::Args;

use super::{Failure, Format, output};
use crate::{
    report::{Reader, render},
    service::{LastReport, NoticeBoard},
    state::StateDirectory,
};

/// `show`: the last report that was made for the server, in full.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Show {
    pub(super) fn run(&self, state: &StateDirectory, board: &NoticeBoard) -> Result<ExitCode, Failure> {
        let last = match LastReport::load(state) {
            Err(error) if error.is_denied() => board.last_report()?,
            answer => answer?,
        };
        let Some(last) = last else {
            output::print(
                "No report was made for a server yet. What this machine shows: bearing-agent evaluate\n",
            )?;
            return Ok(ExitCode::SUCCESS);
        };
        if self.format == Format::Json {
            output::print_json(&last)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut page = output::page();
        page.paragraph("", &format!("Message {} of this machine, {}", last.sequence, last.digest));
        page.gap();
        render(&mut page, &last.report, &Catalogue::embedded(), Severity::High, Reader::Privileged);
        page.heading("Inventory that went with it");
        if last.inventory.is_empty() {
            page.paragraph("  ", "None: policy switches it off, or nothing was there.");
        }
        for (source, value) in &last.inventory {
            let json = serde_json::to_string(value)?;
            page.paragraph(&format!("  {source:10}"), &json);
        }
        output::print(&page.finish())?;
        Ok(ExitCode::SUCCESS)
    }
}
