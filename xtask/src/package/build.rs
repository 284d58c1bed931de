//! The binaries as they are shipped: the same bytes from the same sources, in whatever directory they lie.
//!
//! The agent is linked statically against musl: one binary for RHEL 8, Debian 11 and Alpine, one digest for
//! the release manifest. The server is linked against glibc 2.28 by zig: its allocator is the faster one.

use crate::{ci, place, run, tools};
use anyhow::Context;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The agent's target for this machine's architecture.
pub(crate) const AGENT_TARGET: &str = "x86_64-unknown-linux-musl";
/// The server's, with the glibc that RHEL 8 has; Debian 11 has 2.31.
const SERVER_TARGET: &str = "x86_64-unknown-linux-gnu.2.28";

/// Builds agent and server into one directory.
///
/// # Errors
/// When a build fails or what it needs cannot be installed.
pub(crate) fn all() -> anyhow::Result<PathBuf> {
    let dir = place::target().join("dist/bin");
    std::fs::create_dir_all(&dir)?;
    copy(&agent(&place::root(), &place::target())?, &dir.join("bearing-agent"))?;
    copy(&server()?, &dir.join("bearing-server"))?;
    Ok(dir)
}

/// Builds the agent of a checkout.
///
/// # Errors
/// When it does not build.
pub(crate) fn agent(source: &Path, target: &Path) -> anyhow::Result<PathBuf> {
    tools::debian(&["musl-tools"])?;
    run::run(reproducible(&mut ci::cargo(), source, target)?.current_dir(source).args([
        "build",
        "--locked",
        "--profile",
        "agent",
        "-p",
        "bearing-agent",
        "--target",
        AGENT_TARGET,
    ]))?;
    Ok(target.join(AGENT_TARGET).join("agent/bearing-agent"))
}

fn server() -> anyhow::Result<PathBuf> {
    let zigbuild = tools::ZIGBUILD.get()?;
    let mut command = Command::new(zigbuild);
    reproducible(&mut command, &place::root(), &place::target())?
        .current_dir(place::root())
        .args(["zigbuild", "--locked", "--release", "-p", "bearing-server", "--target", SERVER_TARGET])
        .env("PYTHONPATH", tools::ZIG.directory()?)
        .env("CARGO_ZIGBUILD_ZIG_PATH", tools::ZIG.directory()?.join("ziglang/zig"));
    run::run(&mut command)?;
    Ok(place::target().join("x86_64-unknown-linux-gnu/release/bearing-server"))
}

/// Takes out of a build what differs between two places and two days.
fn reproducible<'a>(
    command: &'a mut Command,
    source: &Path,
    target: &Path,
) -> anyhow::Result<&'a mut Command> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?;
    let sysroot = run::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let places = [
        (source, "/bearing"),
        (target, "/build"),
        (home.as_path(), "/cargo"),
        (Path::new(sysroot.trim()), "/rust"),
    ];
    let flags = |option: &str| {
        let mut text = OsString::new();
        for (from, to) in places {
            text.push(format!("{option}{}={to} ", from.display()));
        }
        text
    };
    Ok(command
        .env("CARGO_TARGET_DIR", target)
        .env("SOURCE_DATE_EPOCH", super::epoch()?)
        .env("CARGO_INCREMENTAL", "0")
        .env("RUSTFLAGS", flags("--remap-path-prefix="))
        .env("CFLAGS", flags("-ffile-prefix-map=")))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::copy(from, to).with_context(|| format!("cannot copy `{}`", from.display()))?;
    Ok(())
}
