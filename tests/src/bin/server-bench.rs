//! Measures a real server process under a real load, beside what bounds it; prints a section of Markdown.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use bearing_host::clock::SystemClock;
use bearing_protocol::key::{FileKey, Signer as _};
use bearing_tests::{
    connection::Target,
    load::{self, LoadPlan},
    process::Server,
};
use clap::Parser;
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use zeroize::Zeroizing;

#[derive(Parser)]
#[command(about = "Measures ingest of a server started for it, beside bare commits and bare verifications")]
struct Arguments {
    /// Seconds of load.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Devices.
    #[arg(long, default_value_t = 256)]
    devices: usize,
    /// Connections, each with one message under way.
    #[arg(long, default_value_t = 128)]
    connections: usize,
}

/// Seconds each baseline is measured.
const BASELINE: Duration = Duration::from_secs(3);

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let directory = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let commits = runtime.block_on(bare_commits(&directory.path().join("bare.db")))?;
    let verifications = bare_verifications();

    let mut server = Server::begin(directory.path(), &[])?;
    let uses = (arguments.devices + arguments.connections).to_string();
    let token = fs::read_to_string(server.token(&["--max-uses", &uses])?)?.parse()?;
    let target = Target::new(&server.url, &server.ca_pem()?)?;
    let plan = LoadPlan {
        devices: arguments.devices,
        connections: arguments.connections,
        duration: Duration::from_secs(arguments.seconds),
    };
    let result = runtime.block_on(load::run(&target, &token, Arc::new(SystemClock), plan))?;
    let backlog = backlog(&server)?;
    server.stop()?;

    println!("| what | measured | goal |\n|---|---|---|");
    println!(
        "| messages acknowledged per second (8 heartbeats to 2 reports), durably committed over TLS | {:.0}, {:.2}× the bare commits, {:.2}× the bare verifications | ≥ 6,000 |",
        result.per_second,
        result.per_second / commits,
        result.per_second / verifications
    );
    println!("| time to acknowledgement, median | {:.1} ms | – |", result.p50_ms);
    println!("| time to acknowledgement, 99th percentile | {:.1} ms | < 100 ms |", result.p99_ms);
    println!("| refused or broken | {} of {} | 0 |", result.failed, result.acknowledged + result.failed);
    println!("| correlation backlog at the end | {backlog} | < 10 s |");
    println!("| mean report on the wire | {} bytes | ≥ 12,288 |", result.report_bytes);
    println!("| bare SQLite commits per second, one row each, WAL, synchronous=FULL | {commits:.0} | – |");
    println!("| bare strict Ed25519 verifications per second, one core | {verifications:.0} | – |");
    println!(
        "\n{} devices over {} connections for {:.0} s; client and server on the same cores, every message signed for real, {} reports among {} messages.",
        arguments.devices, arguments.connections, result.seconds, result.reports, result.acknowledged
    );
    Ok(())
}

fn backlog(server: &Server) -> Result<String> {
    let data = server.data();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = bearing_store_sqlite::SqliteStore::open(&data.join("bearing.db")).await?;
        let (waiting, oldest) = bearing_store::Jobs::job_backlog(&store).await?;
        let now = bearing_protocol::clock::Clock::now(&SystemClock);
        let age = oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64());
        Ok(format!("{waiting} jobs, the oldest {age:.1} s"))
    })
}

/// Commits of one small row each, as durable as the server's.
async fn bare_commits(file: &Path) -> Result<f64> {
    let mut connection = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
        .connect()
        .await?;
    sqlx::query("CREATE TABLE message (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        .execute(&mut connection)
        .await?;
    let body = vec![7_u8; 600];
    let begin = Instant::now();
    let mut count = 0_u32;
    while begin.elapsed() < BASELINE {
        sqlx::query("INSERT INTO message (body) VALUES (?)").bind(&body).execute(&mut connection).await?;
        count += 1;
    }
    let rate = f64::from(count) / begin.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(rate)
}

/// Strict verifications of a heartbeat's size on one core.
fn bare_verifications() -> f64 {
    let key = FileKey::from_seed(&Zeroizing::new([7; 32]));
    let message = vec![3_u8; 600];
    let signature = key.sign(&message);
    let public = key.public();
    let begin = Instant::now();
    let mut count = 0_u32;
    while begin.elapsed() < BASELINE {
        assert!(public.verifies(&message, &signature), "the signature holds");
        count += 1;
    }
    f64::from(count) / begin.elapsed().as_secs_f64()
}
