use std::{
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::Args;

use super::{Failure, output};
use crate::{
    service::NoticeBoard,
    state::{Lock, LockError, StateDirectory},
};

/// `uninstall-clean`: removes everything the agent keeps.
#[derive(Debug, Args)]
pub(super) struct UninstallClean {
    /// Really do it: the device's key is gone for good, and the server will see a new device after the next enrolment
    #[arg(long)]
    yes: bool,
    /// How long to wait for a service that is stopping
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=MAX_WAIT_SECONDS))]
    wait: u64,
}

impl UninstallClean {
    pub(super) fn run(&self, state: &StateDirectory, board: &NoticeBoard) -> Result<ExitCode, Failure> {
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
        let lock = self.hold(state)?;
        state.clean()?;
        drop(lock);
        board.take_down()?;
        // There no package owns the directories.
        #[cfg(windows)]
        state.remove_empty()?;
        output::print(&format!(
            "Removed what the agent kept in `{place}`. Tell your administrator to revoke the device.\n"
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    fn hold(&self, state: &StateDirectory) -> Result<Lock, LockError> {
        let started = Instant::now();
        loop {
            match state.lock() {
                Err(LockError::Held { .. }) if started.elapsed() < Duration::from_secs(self.wait) => {
                    thread::sleep(POLL);
                }
                held => return held,
            }
        }
    }
}

const MAX_WAIT_SECONDS: u64 = 600;
const POLL: Duration = Duration::from_millis(200);
