//! The executable, by the toolchain that has Windows' standard library.

use std::path::PathBuf;
use std::process::Command;

use crate::{ci, place, run};

const TARGET: &str = "x86_64-pc-windows-gnu";
/// Small first, as it is shipped.
pub(super) const SHIPPED: &str = "agent";
/// Built fast.
pub(super) const QUICK: &str = "demo";

/// Builds the agent and says where it is.
///
/// # Errors
/// Where there is no standard library for Windows, or the build fails.
pub(super) fn agent(profile: &str) -> anyhow::Result<PathBuf> {
    cargo(&["-p", "bearing-agent", "--bins"], profile)?;
    Ok(directory(profile).join("bearing-agent.exe"))
}

/// Builds an example of the crate that reads the machine.
///
/// # Errors
/// As [`agent`].
pub(super) fn example(name: &str, profile: &str) -> anyhow::Result<PathBuf> {
    cargo(&["-p", "bearing-host", "--example", name], profile)?;
    Ok(directory(profile).join("examples").join(format!("{name}.exe")))
}

fn cargo(what: &[&str], profile: &str) -> anyhow::Result<()> {
    let root = run::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let library = PathBuf::from(root.trim()).join("lib/rustlib").join(TARGET);
    anyhow::ensure!(
        library.exists(),
        "{TARGET}: its standard library is not installed; run: rustup target add {TARGET}"
    );
    run::run(
        ci::cargo()
            .args(["build", "--quiet", "--locked", "--profile", profile, "--target", TARGET])
            .args(what),
    )
}

fn directory(profile: &str) -> PathBuf {
    place::target().join(TARGET).join(profile)
}
