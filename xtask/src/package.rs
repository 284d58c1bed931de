//! Debian packages of agent and server, from finished binaries, by nfpm.

use crate::{ci, metadata, place, run, tools};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest C library that the packages name; checked against what the binaries ask for.
const OLDEST_LIBC: (u32, u32) = (2, 34);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where the packages go; `dist` below the target directory if not given
    #[arg(long)]
    to: Option<PathBuf>,
    /// Take these finished binaries instead of building them
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// Builds the binaries as they are shipped, and the packages from them.
///
/// # Errors
/// When a build or nfpm fails.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let to = arguments.to.clone().unwrap_or_else(|| place::target().join("dist"));
    let binaries = match &arguments.binaries {
        Some(dir) => dir.clone(),
        None => build()?,
    };
    make(&binaries, &to).map(drop)
}

/// Builds agent and server as they are shipped into one directory.
fn build() -> anyhow::Result<PathBuf> {
    run::run(ci::cargo().args(["build", "--locked", "--profile", "agent", "-p", "bearing-agent"]))?;
    run::run(ci::cargo().args(["build", "--locked", "--release", "-p", "bearing-server"]))?;
    let dir = place::target().join("dist/bin");
    std::fs::create_dir_all(&dir)?;
    for (profile, name) in [("agent", "bearing-agent"), ("release", "bearing-server")] {
        let from = place::target().join(profile).join(name);
        std::fs::copy(&from, dir.join(name)).with_context(|| format!("cannot copy `{}`", from.display()))?;
    }
    Ok(dir)
}

/// Makes both packages from the binaries in a directory; gives their paths, the agent's first.
///
/// # Errors
/// When a binary needs a newer C library than the package would say, or nfpm fails.
pub(crate) fn make(binaries: &Path, to: &Path) -> anyhow::Result<[PathBuf; 2]> {
    std::fs::create_dir_all(to)?;
    let nfpm = tools::NFPM.get()?;
    let version = metadata::read()?
        .members()
        .find(|member| member.name == "bearing-agent")
        .map(|member| member.version.clone())
        .context("the workspace has no agent")?;
    let architecture = run::output(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned();
    let package = |name: &str| -> anyhow::Result<PathBuf> {
        let libc = newest_libc(&binaries.join(format!("bearing-{name}")))?.max(OLDEST_LIBC);
        let file = to.join(format!("bearing-{name}_{version}-1_{architecture}.deb"));
        run::run(
            Command::new(&nfpm)
                .args(["package", "--packager", "deb", "--config"])
                .arg(format!("packaging/deb/{name}/nfpm.yaml"))
                .arg("--target")
                .arg(&file)
                .env("VERSION", &version)
                .env("ARCH", &architecture)
                .env("BIN", binaries)
                .env("LIBC", format!("{}.{}", libc.0, libc.1))
                .current_dir(place::root()),
        )?;
        Ok(file)
    };
    Ok([package("agent")?, package("server")?])
}

/// The newest `GLIBC_x.y` that a binary names.
fn newest_libc(binary: &Path) -> anyhow::Result<(u32, u32)> {
    let bytes = std::fs::read(binary).with_context(|| format!("cannot read `{}`", binary.display()))?;
    Ok(versions(&bytes).max().unwrap_or(OLDEST_LIBC))
}

fn versions(bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    const PREFIX: &[u8] = b"GLIBC_";
    bytes.windows(PREFIX.len()).enumerate().filter(|(_, window)| *window == PREFIX).filter_map(|(at, _)| {
        let rest = bytes.get(at + PREFIX.len()..)?;
        let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        let (major, minor) = std::str::from_utf8(&rest[..end]).ok()?.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_c_library_is_found_by_number() {
        let bytes = b"\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_PRIVATE\0";
        assert_eq!(versions(bytes).max(), Some((2, 34)));
    }
}
