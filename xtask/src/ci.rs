//! Everything that can be checked without running the product.

use crate::{deps, licences, metadata, place, run, steps::Steps, tools, unused};
use std::path::Path;
use std::process::Command;

/// Runs all checks, the later ones even when one fails, and prints their count.
///
/// # Errors
/// When any of them failed.
pub(crate) fn main() -> anyhow::Result<()> {
    let mut steps = Steps::default();
    check(&mut steps);
    steps.finish()
}

/// Adds all checks to a list of steps.
pub(crate) fn check(steps: &mut Steps) {
    steps.run("format", || run::run(cargo().args(["fmt", "--all", "--check"])));
    steps.run("lints", || {
        run::run(cargo().args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    });
    steps.run("documentation", || {
        run::run(
            cargo()
                .args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items", "--locked"])
                .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"),
        )
    });
    match metadata::read() {
        Ok(metadata) => {
            steps.run("edges between crates", || deps::check(&metadata));
            steps.run("licences, bans, sources", || licences::check(&metadata));
            steps.run("unused dependencies", || unused::check(&metadata));
        }
        Err(error) => steps.run("metadata", || Err(error)),
    }
    steps.run("cargo deny", cargo_deny);
    steps.run("spelling", || run::run(Command::new(tools::TYPOS.get()?).current_dir(place::root())));
    steps.run("other systems", other_systems);
}

/// Cargo in the root of the checkout.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(place::root());
    command
}

fn cargo_deny() -> anyhow::Result<()> {
    if !run::is_installed("cargo-deny") {
        println!(
            "cargo-deny is not installed; licences, bans and sources were checked above by the same deny.toml"
        );
        println!("advisories: NOT CHECKED, that needs cargo-deny and its database");
        return Ok(());
    }
    run::run(cargo().args(["deny", "check", "licenses", "bans", "sources"]))?;
    match run::tee(cargo().args(["deny", "check", "advisories"]))? {
        (true, _) => Ok(()),
        (false, text) if text.contains("failed to fetch advisory database") => {
            println!("advisories: NOT CHECKED, their database cannot be reached from here");
            Ok(())
        }
        (false, _) => anyhow::bail!("an advisory concerns a dependency"),
    }
}

/// Type-checks the reading of the machine for every other system whose standard library is installed.
fn other_systems() -> anyhow::Result<()> {
    let root = run::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let libraries = Path::new(root.trim()).join("lib/rustlib");
    for target in ["x86_64-pc-windows-gnu", "aarch64-apple-darwin", "x86_64-unknown-linux-musl"] {
        if libraries.join(target).join("lib").exists() {
            run::run(cargo().args([
                "check",
                "--quiet",
                "--locked",
                "-p",
                "bearing-host",
                "--target",
                target,
            ]))?;
        } else {
            println!(
                "{target}: NOT CHECKED, its standard library is not installed (rustup target add {target})"
            );
        }
    }
    Ok(())
}
