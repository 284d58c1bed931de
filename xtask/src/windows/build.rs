//! The executable, by the toolchain that has Windows' standard library.
//!
//! Always: the running toolchain's own library counts first, then what rustup can fetch, then Debian's compiler, which
//! builds the library from Debian's sources.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{ci, place, run, tools};

const TARGET: &str = "x86_64-pc-windows-gnu";
/// Small first, as it is shipped.
pub(super) const SHIPPED: &str = "agent";
/// Built fast.
pub(super) const QUICK: &str = "demo";

/// Where Windows' standard library comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    /// The toolchain that runs this has it.
    Installed,
    /// Debian's compiler builds it.
    Debian,
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Installed => "the toolchain's own standard library",
            Self::Debian => "Debian's compiler and its standard library, built from source",
        })
    }
}

impl Library {
    /// Looks for it, and fetches it where it is missing; `None` where neither rustup nor Debian has it.
    ///
    /// # Errors
    /// Where there is no working compiler at all.
    pub(crate) fn find() -> anyhow::Result<Option<Self>> {
        let root = run::output(Command::new("rustc").args(["--print", "sysroot"]))?;
        let library = PathBuf::from(root.trim()).join("lib/rustlib").join(TARGET);
        if library.exists() {
            return Ok(Some(Self::Installed));
        }
        let fetched = run::is_installed("rustup")
            && run::run(Command::new("timeout").args(["120", "rustup", "target", "add", TARGET])).is_ok();
        if fetched && library.exists() {
            return Ok(Some(Self::Installed));
        }
        match tools::debian(&DEBIAN) {
            Ok(()) if Path::new(DEBIAN_SOURCES).exists() => Ok(Some(Self::Debian)),
            Ok(()) => Ok(None),
            Err(error) => {
                println!("{error:#}");
                Ok(None)
            }
        }
    }

    /// Builds the agent and says where it is.
    ///
    /// # Errors
    /// Where the build fails.
    pub(super) fn agent(self, profile: &str) -> anyhow::Result<PathBuf> {
        self.cargo(&["-p", "bearing-agent", "--bins"], profile)?;
        Ok(self.directory(profile).join("bearing-agent.exe"))
    }

    /// Builds an example of the crate that reads the machine.
    ///
    /// # Errors
    /// As [`Self::agent`].
    pub(super) fn example(self, name: &str, profile: &str) -> anyhow::Result<PathBuf> {
        self.cargo(&["-p", "bearing-host", "--example", name], profile)?;
        Ok(self.directory(profile).join("examples").join(format!("{name}.exe")))
    }

    fn cargo(self, what: &[&str], profile: &str) -> anyhow::Result<()> {
        let mut command = match self {
            Self::Installed => ci::cargo(),
            Self::Debian => debian_cargo(),
        };
        command
            .args(["build", "--quiet", "--locked", "--profile", profile, "--target", TARGET])
            .arg("--target-dir")
            .arg(self.target())
            .args(what);
        run::run(&mut command)
    }

    /// Two compilers keep out of each other's way.
    fn target(self) -> PathBuf {
        match self {
            Self::Installed => place::target(),
            Self::Debian => place::target().join("debian"),
        }
    }

    fn directory(self, profile: &str) -> PathBuf {
        self.target().join(TARGET).join(profile)
    }
}

fn debian_cargo() -> Command {
    let mut command = Command::new("/usr/bin/cargo");
    command
        .current_dir(place::root())
        .env("RUSTC", "/usr/bin/rustc")
        // Building the standard library is unstable in cargo, also where it is the compiler's own.
        .env("RUSTC_BOOTSTRAP", "1")
        .arg("-Zbuild-std=std,panic_unwind");
    command
}

/// The compiler that Debian keeps fresh for its browsers.
const DEBIAN: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/Cargo.lock";
