//! The command line. One file per command.
//!
//! Always: exit code 0 is success (for `evaluate`: nothing at or above the threshold), 1 is a finding or a failed
//! check, 2 is "could not": wrong arguments, unreadable input, no connection. Text goes to standard output, errors
//! to standard error with their causes.

mod doctor;
mod enroll;
mod evaluate;
mod explain;
mod facts;
mod failure;
mod output;
mod run;
mod show;
mod status;
mod token_file;
mod trip;
mod uninstall_clean;
mod verify;

use std::{ffi::OsString, io, path::PathBuf, process::ExitCode, sync::Arc};

use bearing_host::clock::SystemClock;
use bearing_policies::Policy;
use bearing_protocol::clock::Clock;
use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::{
    config::Config,
    policy_store::PolicyStore,
    service::{NoticeBoard, Record},
    state::{Enrolment, StateDirectory, paths},
    transport::TlsTime,
};

pub use failure::Failure;
pub use output::Format;

/// What the command line says.
#[derive(Debug, Parser)]
#[command(name = "bearing-agent", version, about = ABOUT, max_term_width = 100)]
struct Arguments {
    /// Where the agent keeps its key, its enrolment and what waits to be sent
    #[arg(long, global = true, value_name = "DIR", default_value_os_t = paths::state())]
    state_dir: PathBuf,
    /// Where every account reads what was collected and sent
    #[arg(long, global = true, value_name = "DIR", default_value_os_t = paths::notice())]
    notice_dir: PathBuf,
    /// Configuration file; may be missing
    #[arg(long, global = true, value_name = "FILE", default_value_os_t = paths::config())]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read this machine (or a copy of its files), apply the rules, print the report
    Evaluate(evaluate::Evaluate),
    /// Print exactly what is read, and what of it would leave the machine
    Facts(facts::Facts),
    /// Check a bundle that `evaluate --evidence` wrote
    Verify(verify::Verify),
    /// Make this machine's key, pin the server, ask to be enrolled
    Enroll(enroll::Enroll),
    /// Evaluate and send as policy schedules (the service)
    Run,
    /// Whether this machine is enrolled, what was sent, when the next look is due
    Status,
    /// The last report that was made for the server, in full
    Show(show::Show),
    /// Announce a trip, so that being elsewhere is expected; list or withdraw what was announced
    Trip(trip::Trip),
    /// Name what is wrong with this installation, and how to mend it
    Doctor,
    /// What a rule looks for, what a USB device or a display says of itself
    Explain(explain::Explain),
    /// Remove the device's key, its enrolment and everything that waits to be sent
    UninstallClean(uninstall_clean::UninstallClean),
}

/// Runs one command.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(arguments, Arc::new(SystemClock)) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(arguments: Arguments, clock: Arc<dyn Clock>) -> Result<ExitCode, Failure> {
    let state = StateDirectory::new(arguments.state_dir);
    let board = NoticeBoard::new(arguments.notice_dir);
    let config = || Config::load(&arguments.config);
    match arguments.command {
        Command::Evaluate(command) => command.run(&state, clock.as_ref()),
        Command::Facts(command) => command.run(&state, &policy_in_force(&state), clock.as_ref()),
        Command::Verify(command) => command.run(),
        Command::Enroll(command) => command.run(&state, &config()?, &clock),
        Command::Run => run::run(&state, board, &config()?, clock),
        Command::Status => status::status(&state, &board, clock.as_ref()),
        Command::Show(command) => command.run(&state, &board),
        Command::Trip(command) => command.run(&state, &board, clock.as_ref()),
        Command::Doctor => doctor::doctor(&state, &config()?, &clock),
        Command::Explain(command) => command.run(clock.as_ref()),
        Command::UninstallClean(command) => command.run(&state, &board),
    }
}

/// The policy that decides what this machine collects: the signed one where it is enrolled and may be read.
fn policy_in_force(state: &StateDirectory) -> Policy {
    let Ok(Some(enrolment)) = Enrolment::load(state) else { return Policy::default() };
    let keys = enrolment.policy_key_set();
    PolicyStore::open(state, keys, enrolment.employee_keys).in_force().clone()
}

/// The time by which the server's certificate is judged.
fn tls_time(state: &StateDirectory, enrolment: &Enrolment, clock: &Arc<dyn Clock>) -> TlsTime {
    let last = Record::load(state).last_server_time();
    TlsTime::new(
        Arc::clone(clock),
        last.map_or(enrolment.enrolled_at, |last| last.max(enrolment.enrolled_at)),
    )
}

/// One thread for all input and output: the agent does one thing at a time.
fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

const ABOUT: &str = "Reads this machine and tells what it shows: remote control, KVM hardware, tunnels, posture. \
                     It only reads, and `facts` prints everything that would leave the machine.";
