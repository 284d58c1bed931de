use std::process::ExitCode;

use clap::Args;

use super::{Failure, output};
use crate::state::StateDirectory;

/// `uninstall-clean`: removes everything the agent keeps.
#[derive(Debug, Args)]
pub(super) struct UninstallClean {
    /// Really do it: the device's key is gone for good, and the server will see a new device after the next enrolment
    #[arg(long)]
    yes: bool,
}

impl UninstallClean {
    pub(super) fn run(&self, state: &StateDirectory) -> Result<ExitCode, Failure> {
        let place = state.path().display();
        if !state.path().exists() {
            output::print(&format!("There is nothing to remove: `{place}` does not exist.\n"))?;
            return Ok(ExitCode::SUCCESS);
        }
        if !self.yes {
            let text = format!(
                "this would remove the device's key, its enrolment and everything that waits to be sent from `{place}`; add --yes to do it"
            );
            return Err(Failure::new(text));
        }
        let _lock = state.lock()?;
        state.clean()?;
        output::print(&format!(
            "Removed what the agent kept in `{place}`. Tell your administrator to revoke the device.\n"
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
