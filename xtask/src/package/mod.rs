//! Packages of agent and server, from finished binaries, by nfpm: deb, rpm, Arch and apk.
//!
//! Always: the same binaries give the same packages, byte by byte, unless they are signed; a package names the
//! C library that its binary asks for, and an apk is made of a static binary only, since Alpine has no glibc.

pub(crate) mod build;
mod check;
mod hygiene;
mod libc;
mod reproduce;

use crate::{metadata, place, release, repository, run, sbom, tools};
use anyhow::Context;
use libc::Needs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is packaged.
pub(crate) const PRODUCTS: [&str; 2] = ["agent", "server"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where the packages go; `dist` below the target directory if not given
    #[arg(long)]
    to: Option<PathBuf>,
    /// Take these finished binaries instead of building them
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// A private GPG key that signs repositories and rpms; a test key is made if not given
    #[arg(long, value_name = "FILE")]
    gpg_key: Option<PathBuf>,
    /// Build the agent twice in different directories and compare; nothing else is done
    #[arg(long)]
    verify_reproducible: bool,
    /// Check packages of the given binaries as every test run does; none is kept
    #[arg(long, requires = "binaries")]
    check: bool,
}

/// One way of packaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Deb,
    Rpm,
    Arch,
    Apk,
}

impl Format {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Deb, Self::Rpm, Self::Arch, Self::Apk];

    /// As nfpm calls it.
    fn packager(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Arch => "archlinux",
            Self::Apk => "apk",
        }
    }

    /// The file's name as its distribution would have it, for 64-bit Intel.
    fn file(self, product: &str, version: &str) -> String {
        match self {
            Self::Deb => format!("bearing-{product}_{version}-1_amd64.deb"),
            Self::Rpm => format!("bearing-{product}-{version}-1.x86_64.rpm"),
            Self::Arch => format!("bearing-{product}-{version}-1-x86_64.pkg.tar.zst"),
            Self::Apk => format!("bearing-{product}-{version}-r1.apk"),
        }
    }
}

/// One package to make.
pub(crate) struct Package<'a> {
    pub product: &'a str,
    pub format: Format,
    pub version: &'a str,
    pub binaries: &'a Path,
    /// A private key in ASCII armour that signs an rpm.
    pub rpm_key: Option<&'a Path>,
}

/// Builds the binaries as they are shipped, the packages, their repositories, parts lists and digests.
///
/// # Errors
/// When a build or a tool fails.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.verify_reproducible {
        return reproduce::agent();
    }
    let to = arguments.to.clone().unwrap_or_else(|| place::target().join("dist"));
    let binaries = match &arguments.binaries {
        Some(dir) => dir.canonicalize().with_context(|| format!("no directory `{}`", dir.display()))?,
        None => build::all()?,
    };
    if arguments.check {
        return test(&binaries);
    }
    tools::debian(&repository::TOOLS)?;
    let key = repository::Key::get(arguments.gpg_key.as_deref())?;
    let made = all(&binaries, &to, &version()?, Some(key.armoured()))?;
    repository::make(&made, &to.join("repository"), &key)?;
    look_at(&made, &to.join("repository/bearing.asc"))?;
    let scanned: Vec<&Path> = made.iter().map(PathBuf::as_path).collect();
    hygiene::check(&scanned)?;
    hygiene::check(&[&binaries.join("bearing-agent")])?;
    for product in PRODUCTS {
        sbom::write(&format!("bearing-{product}"), &binaries.join(format!("bearing-{product}")), &to)?;
    }
    release::write(&binaries, &to.join("release.json"))?;
    println!(
        "{} packages, two repositories, parts lists and `release.json` are in {}",
        made.len(),
        to.display()
    );
    println!("made for x86_64; aarch64: NOT MADE, see docs/limitations.md");
    Ok(())
}

/// Makes every package that these binaries can go into.
///
/// # Errors
/// When nfpm fails.
pub(crate) fn all(
    binaries: &Path,
    to: &Path,
    version: &str,
    rpm_key: Option<&Path>,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    for product in PRODUCTS {
        for format in Format::ALL {
            let is_static = Needs::of(&binaries.join(format!("bearing-{product}")))? == Needs::Nothing;
            if format == Format::Apk && !is_static {
                println!("bearing-{product}: no apk, the binary needs the GNU C library");
                continue;
            }
            made.push(one(&Package { product, format, version, binaries, rpm_key }, to)?);
        }
    }
    Ok(made)
}

/// Makes one package; gives its path.
///
/// # Errors
/// When the binary cannot be read or nfpm fails.
pub(crate) fn one(package: &Package<'_>, to: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(to)?;
    let needs = Needs::of(&package.binaries.join(format!("bearing-{}", package.product)))?;
    let packager = package.format.packager();
    let file = to.canonicalize()?.join(package.format.file(package.product, package.version));
    let staged = staged()?;
    run::run(
        Command::new(tools::NFPM.get()?)
            .args(["package", "--packager", packager, "--config"])
            .arg(format!("packaging/{}/nfpm.yaml", package.product))
            .arg("--target")
            .arg(&file)
            .env("VERSION", package.version)
            .env("ARCH", "amd64")
            .env("BIN", package.binaries)
            .env("NEEDS_DEB", needs.dependency("deb"))
            .env("NEEDS_RPM", needs.dependency("rpm"))
            .env("NEEDS_ARCH", needs.dependency("archlinux"))
            .env("RPM_KEY", package.rpm_key.unwrap_or(Path::new("")))
            .env("SOURCE_DATE_EPOCH", epoch()?)
            .current_dir(staged.path()),
    )?;
    Ok(file)
}

/// What descriptions name beside the binaries, with the times that packages carry: some formats keep those of scripts.
fn staged() -> anyhow::Result<tempfile::TempDir> {
    let staged = tempfile::tempdir()?;
    let guide = staged.path().join("docs/guide");
    std::fs::create_dir_all(&guide)?;
    std::fs::copy(place::root().join("docs/guide/deploy.md"), guide.join("deploy.md"))?;
    run::run(Command::new("cp").arg("-R").arg(place::root().join("packaging")).arg(staged.path()))?;
    let at = format!("@{}", epoch()?);
    let mut touch = Command::new("find");
    run::run(touch.arg(staged.path()).args(["-exec", "touch", "-h", "-d", &at, "{}", "+"]))?;
    run::run(Command::new("chmod").args(["-R", "u=rwX,go=rX"]).arg(staged.path()))?;
    Ok(staged)
}

/// The version of the workspace.
///
/// # Errors
/// When cargo's metadata cannot be read.
pub(crate) fn version() -> anyhow::Result<String> {
    metadata::read()?
        .members()
        .find(|member| member.name == "bearing-agent")
        .map(|member| member.version.clone())
        .context("the workspace has no agent")
}

/// The time that files in packages carry: `SOURCE_DATE_EPOCH`, else that of the newest commit, else a fixed one.
///
/// # Errors
/// When `SOURCE_DATE_EPOCH` is no number.
pub(crate) fn epoch() -> anyhow::Result<String> {
    // Once: a commit between two packages must not make them differ.
    static EPOCH: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        given.parse::<u64>().context("SOURCE_DATE_EPOCH is no number of seconds")?;
        return Ok(given);
    }
    let newest = || {
        run::output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(place::root()))
            .map_or_else(|_| FIXED_EPOCH.to_owned(), |text| text.trim().to_owned())
    };
    Ok(EPOCH.get_or_init(newest).clone())
}

/// The target triple that a binary was linked for.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn target(binary: &Path) -> anyhow::Result<&'static str> {
    Ok(match Needs::of(binary)? {
        Needs::Nothing => build::AGENT_TARGET,
        Needs::Glibc(..) => "x86_64-unknown-linux-gnu",
    })
}

/// 2026-01-01, where neither the caller nor a repository says another.
const FIXED_EPOCH: &str = "1767225600";

/// What every test run checks of packages without a machine: contents, signatures, sameness, scanners.
///
/// # Errors
/// When a package is not as it should be.
pub(crate) fn test(binaries: &Path) -> anyhow::Result<()> {
    tools::debian(&repository::TOOLS)?;
    let to = tempfile::tempdir()?;
    let key = repository::Key::get(None)?;
    let made = all(binaries, to.path(), &version()?, Some(key.armoured()))?;
    let repository = to.path().join("repository");
    repository::make(&made, &repository, &key)?;
    look_at(&made, &repository.join("bearing.asc"))?;
    hygiene::check(&[&binaries.join("bearing-agent")])?;
    reproduce::packages(binaries)
}

fn look_at(packages: &[PathBuf], public_key: &Path) -> anyhow::Result<()> {
    for file in packages {
        check::package(file)?;
        if file.extension().is_some_and(|ending| ending == "rpm") {
            check::rpm_in_a_root(file, public_key).with_context(|| format!("`{}`", file.display()))?;
        }
    }
    Ok(())
}
