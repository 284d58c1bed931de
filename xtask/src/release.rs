//! The list of a release's binaries: what `bearing-server release sign` signs and `release load` takes.

use crate::{package, run};
use anyhow::Context;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Write the digests of finished binaries as one list, to be signed offline
    Manifest {
        /// Where the binaries lie
        #[arg(long, value_name = "DIR")]
        binaries: PathBuf,
        /// Where the list goes
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// As `bearing_protocol::payload::ReleasePayload` reads it.
#[derive(Serialize)]
struct Release {
    version: String,
    released_at: String,
    binaries: Vec<Binary>,
}

#[derive(Serialize)]
struct Binary {
    name: String,
    target: String,
    digest: String,
}

/// # Errors
/// When a binary cannot be read.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.task {
        Task::Manifest { binaries, out } => write(binaries, out),
    }
}

/// Writes the list of the binaries in a directory.
///
/// # Errors
/// When a binary is missing or the file cannot be written.
pub(crate) fn write(binaries: &Path, out: &Path) -> anyhow::Result<()> {
    let at = format!("@{}", package::epoch()?);
    let released_at = run::output(Command::new("date").args(["-u", "-d", &at, "+%Y-%m-%dT%H:%M:%SZ"]))?;
    let binaries = package::PRODUCTS
        .iter()
        .map(|product| {
            let name = format!("bearing-{product}");
            let path = binaries.join(&name);
            let target = package::target(&path)?.to_owned();
            Ok(Binary { name, target, digest: sha256(&path)? })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let release =
        Release { version: package::version()?, released_at: released_at.trim().to_owned(), binaries };
    let text = format!("{}\n", serde_json::to_string_pretty(&release)?);
    std::fs::write(out, text).with_context(|| format!("cannot write `{}`", out.display()))
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn sha256(path: &Path) -> anyhow::Result<String> {
    let text = run::output(Command::new("sha256sum").arg(path))?;
    Ok(text.split_whitespace().next().context("`sha256sum` printed nothing")?.to_owned())
}
