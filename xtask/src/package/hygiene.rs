//! What virus scanners say of finished programs and packages.
//!
//! YARA with rules of our own, and ClamAV where its signatures lie here. They cannot be fetched by a package manager, so
//! where they are missing that is said, never passed over.

use crate::{place, run, tools};
use anyhow::ensure;
use std::path::Path;
use std::process::Command;

/// Where ClamAV keeps its signatures.
const SIGNATURES: &str = "/var/lib/clamav";

/// Scans files.
///
/// # Errors
/// When a rule matches, or a scanner fails.
pub(crate) fn check(files: &[&Path]) -> anyhow::Result<()> {
    tools::debian(&["yara"])?;
    let rules = place::root().join("packaging/antivirus/names.yar");
    let catalogue = place::root().join("policies/catalogue/remote-access");
    let seen = run::output(Command::new("yara").arg("-r").arg(&rules).arg(&catalogue))?;
    ensure!(seen.contains("catalogue_in_clear"), "`{}` finds not even the catalogue", rules.display());
    for file in files {
        let found = run::output(Command::new("yara").arg("-s").arg(&rules).arg(file))?;
        ensure!(found.is_empty(), "`{}` looks like what it hunts:\n{found}", file.display());
    }
    println!("yara: {} files, nothing found", files.len());
    if !has_signatures() {
        println!("clamav: NOT CHECKED, there are no signatures in {SIGNATURES} (`freshclam` fetches them)");
        return Ok(());
    }
    tools::debian(&["clamav"])?;
    run::run(Command::new("clamscan").arg("--infected").args(files))
}

fn has_signatures() -> bool {
    std::fs::read_dir(SIGNATURES).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            entry.path().extension().is_some_and(|ending| ["cvd", "cld"].iter().any(|known| ending == *known))
        })
    })
}
