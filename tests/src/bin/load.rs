//! `load --server URL --ca FILE --token-file FILE …`: measures ingest; prints one JSON object.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use bearing_host::clock::SystemClock;
use bearing_tests::{connection::Target, load};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Sends a bounded load of signed heartbeats and reports to one server on this machine")]
struct Arguments {
    /// The server, https://127.0.0.1:PORT.
    #[arg(long)]
    server: String,
    /// Its CA certificate, PEM.
    #[arg(long)]
    ca: PathBuf,
    /// An enrolment token with at least `--devices` uses.
    #[arg(long)]
    token_file: PathBuf,
    /// Devices to enrol.
    #[arg(long, default_value_t = 200)]
    devices: usize,
    /// Connections, each with one message under way.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds of load.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let local = ["https://127.0.0.1:", "https://localhost:", "https://[::1]:"];
    anyhow::ensure!(
        local.iter().any(|prefix| arguments.server.starts_with(prefix)),
        "load goes to this machine only: want a loopback address, got `{}`",
        arguments.server
    );
    let ca = std::fs::read_to_string(&arguments.ca)
        .with_context(|| format!("cannot read {}", arguments.ca.display()))?;
    let token = std::fs::read_to_string(&arguments.token_file)?.parse()?;
    let target = Target::new(&arguments.server, &ca)?;
    let plan = load::LoadPlan {
        devices: arguments.devices,
        connections: arguments.connections,
        duration: Duration::from_secs(arguments.seconds),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(load::run(&target, &token, Arc::new(SystemClock), plan))?;
    println!("{}", serde_json::to_string_pretty(&result)?);
    Ok(())
}
