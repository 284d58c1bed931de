//! The same sources give the same bytes: of packages, and of the agent built in two directories.

use super::{all, build, version};
use crate::{place, release, run};
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::Command;

/// Packages finished binaries twice and compares every file.
///
/// # Errors
/// When two differ.
pub(super) fn packages(binaries: &Path) -> anyhow::Result<()> {
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let version = version()?;
    let one = all(binaries, first.path(), &version, None)?;
    let other = all(binaries, second.path(), &version, None)?;
    ensure!(!one.is_empty() && one.len() == other.len(), "the two runs made different packages");
    for (a, b) in one.iter().zip(&other) {
        let name = a.file_name().unwrap_or_default().display();
        ensure!(std::fs::read(a)? == std::fs::read(b)?, "`{name}` differs between two runs");
        println!("{name}: the same twice");
    }
    Ok(())
}

/// Builds the agent of the last commit in two directories and compares.
///
/// # Errors
/// When the two differ or a build fails.
pub(super) fn agent() -> anyhow::Result<()> {
    let work = tempfile::tempdir_in(place::target()).context("cannot make a directory")?;
    let archive = work.path().join("source.tar");
    run::run(
        Command::new("git").args(["archive", "-o"]).arg(&archive).arg("HEAD").current_dir(place::root()),
    )?;
    let mut digests = Vec::new();
    for place in ["one", "another/and/deeper"] {
        let source = work.path().join(place);
        std::fs::create_dir_all(&source)?;
        run::run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&source))?;
        let binary = build::agent(&source, &source.join("target"))?;
        let digest = release::sha256(&binary)?;
        println!("{place}: {digest}");
        digests.push(digest);
    }
    ensure!(digests.windows(2).all(|pair| pair[0] == pair[1]), "two builds of the same sources differ");
    Ok(())
}
