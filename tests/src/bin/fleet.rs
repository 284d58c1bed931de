//! The demonstration's simulated fleet, against a server's simulation listener on this machine.

use std::{io::Write as _, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bearing_host::clock::SystemClock;
use bearing_policies::Policy;
use bearing_protocol::{severity::Severity, token::EnrolmentToken};
use bearing_tests::{
    connection::Target,
    fleet::run::{Fleet, groups},
};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Simulated devices for the demonstration; each is marked as simulated wherever it appears")]
struct Arguments {
    /// Print the fleet's groups, one a line, and exit.
    #[arg(long)]
    groups: bool,
    /// The simulation listener, https://127.0.0.1:PORT.
    #[arg(long, default_value = "")]
    server: String,
    /// The server's CA certificate, PEM.
    #[arg(long, default_value = "ca.pem")]
    ca: PathBuf,
    /// A directory with one simulation token per group, named `<group>.token`.
    #[arg(long, default_value = ".")]
    tokens: PathBuf,
    /// Sysroots captured from real gadgets.
    #[arg(long, default_value = "captures")]
    captures: PathBuf,
    /// Where synthetic sysroots are written.
    #[arg(long, default_value = "fleet")]
    work: PathBuf,
    /// Where to write each device's id and the countries it is expected in, a line each.
    #[arg(long)]
    places: Option<PathBuf>,
    /// Exit after the first report of every device.
    #[arg(long)]
    once: bool,
}

/// Seconds between heartbeats.
const HEARTBEAT_SECONDS: u64 = 60;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.groups {
        groups().iter().for_each(|group| println!("{group}"));
        return Ok(());
    }
    ensure!(arguments.server.starts_with("https://127.0.0.1:"), "the fleet speaks to this machine only");
    let ca = std::fs::read_to_string(&arguments.ca)
        .with_context(|| format!("cannot read {}", arguments.ca.display()))?;
    let tokens = groups()
        .iter()
        .map(|group| {
            let path = arguments.tokens.join(format!("{group}.token"));
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(text.parse()?)
        })
        .collect::<Result<Vec<EnrolmentToken>>>()?;
    let policy = Policy::profile("default").context("the default profile is missing")?;
    let target = Target::new(&arguments.server, &ca)?;
    let fleet = Fleet {
        target: &target,
        tokens: &tokens,
        captures: &arguments.captures,
        work: &arguments.work,
        clock: Arc::new(SystemClock),
        policy: &policy,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut members = fleet
            .begin(|story, report| {
                let grave = report.findings.iter().filter(|f| f.severity >= Severity::Medium).count();
                let worst = report.findings.iter().map(|f| f.severity).max();
                let worst = worst.map_or("nothing found".to_owned(), |severity| format!("worst {severity}"));
                println!(
                    "simulated {:<12} {:<12} {grave:>2} at medium or more, {worst}",
                    story.hostname, story.group
                );
                let _ = std::io::stdout().flush();
            })
            .await?;
        if let Some(path) = &arguments.places {
            let lines: Vec<_> = members.iter().map(bearing_tests::fleet::run::Member::place).collect();
            // Whoever waits for the file must find it whole.
            let unfinished = path.with_extension("new");
            std::fs::write(&unfinished, lines.join("\n") + "\n")?;
            std::fs::rename(unfinished, path)?;
        }
        if arguments.once {
            return Ok(());
        }
        loop {
            tokio::time::sleep(Duration::from_secs(HEARTBEAT_SECONDS)).await;
            fleet.beat(&mut members).await?;
        }
    })
}
