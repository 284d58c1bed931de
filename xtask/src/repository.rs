//! Repositories for apt and dnf around finished packages, signed by a GPG key.
//!
//! Always: the private key is in a directory of its own that is gone when this is; the public half lies beside the
//! repositories, since a client needs nothing else. A test key is made where none is given, and says so in its name.

use crate::run;
use anyhow::{Context, bail};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What Debian has for this.
pub(crate) const TOOLS: [&str; 6] = ["gnupg", "apt-utils", "createrepo-c", "rpm", "libarchive-tools", "zstd"];

/// Who a test key belongs to.
const TEST_NAME: &str = "Bearing test key, not for use <security@bearing.invalid>";
/// The one suite of the apt repository.
const SUITE: &str = "stable";

/// A signing key with a keyring of its own.
pub(crate) struct Key {
    home: tempfile::TempDir,
    armoured: PathBuf,
}

impl Key {
    /// Takes the given private key (ASCII armour, without passphrase), or makes a test key.
    ///
    /// # Errors
    /// When gpg fails.
    pub(crate) fn get(given: Option<&Path>) -> anyhow::Result<Self> {
        let home = tempfile::Builder::new()
            .prefix("bearing-gpg")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()?;
        let armoured = home.path().join("private.asc");
        let key = Self { home, armoured };
        match given {
            Some(path) => run::run(key.gpg().arg("--import").arg(path))?,
            None => run::run(key.gpg().args([
                "--passphrase",
                "",
                "--quick-generate-key",
                TEST_NAME,
                "rsa3072",
                "sign",
                "never",
            ]))?,
        }
        let text = run::output(key.gpg().args(["--armor", "--export-secret-keys"]))?;
        if text.is_empty() {
            bail!("the signing key has no private half");
        }
        fs::write(&key.armoured, text)?;
        Ok(key)
    }

    /// The private key, for tools that sign by themselves.
    pub(crate) fn armoured(&self) -> &Path {
        &self.armoured
    }

    fn gpg(&self) -> Command {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--homedir"]);
        command.arg(self.home.path());
        command
    }
}

impl Drop for Key {
    /// gpg leaves an agent behind that holds the key in memory.
    fn drop(&mut self) {
        let mut stop = Command::new("gpgconf");
        stop.arg("--homedir").arg(self.home.path()).args(["--kill", "all"]);
        if let Err(error) = run::output(&mut stop) {
            eprintln!("gpg's agent may still run: {error:#}");
        }
    }
}

/// Makes `apt/` and `rpm/` below a directory, and the public key beside them.
///
/// # Errors
/// When a tool fails.
pub(crate) fn make(packages: &[PathBuf], to: &Path, key: &Key) -> anyhow::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    run::run(key.gpg().arg("--armor").arg("--output").arg(to.join("bearing.asc")).arg("--export"))?;
    run::run(key.gpg().arg("--output").arg(to.join("bearing.gpg")).arg("--export"))?;
    apt(&with_ending(packages, "deb"), &to.join("apt"), key)?;
    dnf(&with_ending(packages, "rpm"), &to.join("rpm"), key)?;
    for package in with_ending(packages, "zst") {
        let signature = format!("{}.sig", package.display());
        run::run(key.gpg().arg("--output").arg(signature).arg("--detach-sign").arg(package))?;
    }
    Ok(())
}

fn with_ending<'a>(packages: &'a [PathBuf], ending: &str) -> Vec<&'a Path> {
    packages
        .iter()
        .map(PathBuf::as_path)
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect()
}

/// `pool/` and `dists/stable`, with `InRelease` and `Release.gpg`.
fn apt(packages: &[&Path], to: &Path, key: &Key) -> anyhow::Result<()> {
    copy(packages, &to.join("pool"))?;
    let suite = to.join("dists").join(SUITE);
    let index = suite.join("main/binary-amd64");
    fs::create_dir_all(&index)?;
    let listing = run::output(Command::new("apt-ftparchive").args(["packages", "pool"]).current_dir(to))?;
    fs::write(index.join("Packages"), listing)?;
    run::run(Command::new("gzip").args(["-9", "-n", "-k", "Packages"]).current_dir(&index))?;
    let fields = [
        ("Origin", "Bearing"),
        ("Label", "Bearing"),
        ("Suite", SUITE),
        ("Codename", SUITE),
        ("Architectures", "amd64"),
        ("Components", "main"),
    ];
    let mut command = Command::new("apt-ftparchive");
    for (name, value) in fields {
        command.args(["-o", &format!("APT::FTPArchive::Release::{name}={value}")]);
    }
    let release = run::output(command.args(["release", "."]).current_dir(&suite))?;
    fs::write(suite.join("Release"), release)?;
    let sign = |how: &[&str], out: &str| {
        run::run(key.gpg().arg("--output").arg(suite.join(out)).args(how).arg(suite.join("Release")))
    };
    sign(&["--clearsign"], "InRelease")?;
    sign(&["--armor", "--detach-sign"], "Release.gpg")
}

/// The packages with `repodata/`, its index signed beside it.
fn dnf(packages: &[&Path], to: &Path, key: &Key) -> anyhow::Result<()> {
    copy(packages, to)?;
    run::run(Command::new("createrepo_c").args(["--quiet", "--general-compress-type", "gz"]).arg(to))?;
    let index = to.join("repodata/repomd.xml");
    run::run(key.gpg().args(["--armor", "--detach-sign"]).arg(index))
}

fn copy(packages: &[&Path], to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for package in packages {
        let name = package.file_name().context("a package without a name")?;
        fs::copy(package, to.join(name)).with_context(|| format!("cannot copy `{}`", package.display()))?;
    }
    Ok(())
}
