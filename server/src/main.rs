//! Thin binary: parses, wires, exits.

use std::process::ExitCode;

use bearing_server::cli::Cli;
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

/// Exit code where a command could not be done.
const COULD_NOT: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("BEARING_LOG")
        .unwrap_or_else(|_| EnvFilter::new(if cli.is_service() { "info" } else { "warn" }));
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    // A second call would mean that somebody installed one before; ring is what all of us install.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("bearing-server: cannot start its threads: {error}");
            return ExitCode::from(COULD_NOT);
        }
    };
    match runtime.block_on(cli.run()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("bearing-server: {error:#}");
            ExitCode::from(COULD_NOT)
        }
    }
}
