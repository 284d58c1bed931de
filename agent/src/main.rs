//! `bearing-agent`: parses, wires, exits.

use std::process::ExitCode;

fn main() -> ExitCode {
    bearing_agent::cli::main(std::env::args_os())
}
