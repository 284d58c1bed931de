//! `run` under Windows' service manager, and from a console.
//!
//! Always: what the installer was told (server, token file) is used once, and the token file is removed as soon as the
//! machine is enrolled; stop and shutdown end in the last word.

use std::{fs, process::ExitCode, sync::Arc};

use bearing_host::windows::{seed, service};
use bearing_protocol::clock::Clock;
use tokio::sync::Notify;

use super::{Failure, work};
use crate::{
    cli::enroll::Enroll,
    config::Config,
    service::NoticeBoard,
    state::{Enrolment, StateDirectory},
};

/// The service manager's wish to stop.
static STOP: Notify = Notify::const_new();

/// Resolves when the service manager asks to stop.
pub(super) async fn stopped() {
    STOP.notified().await;
}

/// Hands the process to the service manager; where it was not started by it, works here.
pub(super) fn run(
    state: &StateDirectory,
    board: NoticeBoard,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<ExitCode, Failure> {
    let (state, config) = (state.clone(), config.clone());
    let begin = move || {
        // From a console this is refused, and nobody needs it there.
        let _ = service::restart_after_failures();
        let done =
            enrol_as_installed(&state, &config, &clock).and_then(|()| work(&state, board, &config, clock));
        match done {
            Ok(_) => true,
            Err(failure) => {
                failure.report();
                false
            }
        }
    };
    let code = |succeeded: bool| if succeeded { ExitCode::SUCCESS } else { ExitCode::from(2) };
    match service::dispatch(begin, || STOP.notify_one()) {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(code(service::take_work().is_some_and(|begin| begin()))),
        Err(error) => Err(Failure::new(format!("the service manager refused this process: {error}"))),
    }
}

/// Enrols with what the installer was told, where this machine is not enrolled yet.
fn enrol_as_installed(
    state: &StateDirectory,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<(), Failure> {
    if Enrolment::load(state)?.is_some() {
        return Ok(());
    }
    let Some(seed) = seed::read() else { return Ok(()) };
    // The installer's own time is short: the service does what it left.
    let server = seed
        .server
        .parse()
        .map_err(|error| Failure::new(format!("HKLM\\SOFTWARE\\Bearing, Server: {error}")))?;
    Enroll::as_installed(server, seed.token_file.clone()).run(state, config, clock)?;
    fs::remove_file(&seed.token_file).map_err(|error| {
        Failure::new(format!("the token file `{}` stays: {error}", seed.token_file.display()))
    })
}
