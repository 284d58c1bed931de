//! The command line. One file per command.
//!
//! Always: exit code 0 is success (for `evaluate`: nothing at or above the threshold), 1 is a finding or a failed
//! check, 2 is "could not": wrong arguments, unreadable input, no connection. Text goes to standard output, errors
//! to standard error with their causes.

mod evaluate;
mod facts;
mod failure;
mod output;
mod verify;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use bearing_host::clock::SystemClock;
use bearing_policies::Policy;
use clap::{Parser, Subcommand};

use crate::state::StateDirectory;

pub use failure::Failure;
pub use output::Format;

/// What the command line says.
#[derive(Debug, Parser)]
#[command(name = "bearing-agent", version, about = ABOUT, max_term_width = 100)]
struct Arguments {
    /// Where the agent keeps its key, its enrolment and what waits to be sent
    #[arg(long, global = true, value_name = "DIR", default_value = "/var/lib/bearing")]
    state_dir: PathBuf,
    /// Configuration file; may be missing
    #[arg(long, global = true, value_name = "FILE", default_value = "/etc/bearing/agent.toml")]
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
    let clock = SystemClock;
    let state = StateDirectory::new(arguments.state_dir);
    let result = match arguments.command {
        Command::Evaluate(command) => command.run(&state, &clock),
        Command::Facts(command) => command.run(&Policy::default(), &clock),
        Command::Verify(command) => command.run(),
    };
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

const ABOUT: &str = "Reads this machine and tells what it shows: remote control, KVM hardware, tunnels, posture. \
                     It only reads, and `facts` prints everything that would leave the machine.";
