//! Fuzzing with the Rust that builds everything else: libFuzzer, linked by g++, no nightly and no clang.
//!
//! Always: every target of `fuzz/fuzz_targets` runs, each from the corpus kept in `fuzz/corpus`, what the captured
//! machines hold, and what earlier runs found; a target that finds something fails with the input's path.

use crate::{place, run, steps::Steps};
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What LLVM is asked for: counters at every edge and a trace of comparisons, as cargo-fuzz asks for them.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares -Clinker=g++";
/// With `--target`, the flags do not reach build scripts and macros.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Longest input; parsers with longer limits meet them in their own tests.
const MAX_INPUT_BYTES: u32 = 16 * 1024;
/// Most memory of one target.
const MAX_MEMORY_MB: u32 = 1024;
/// Longest time for a single input, in seconds.
const MAX_INPUT_SECONDS: u32 = 10;
/// Most files of captured machines that one target begins with.
const MAX_SEEDS: usize = 200;

/// Which files of a captured machine are seeds of which target, by how their path ends.
const SEEDS: [(&str, &[&str]); 6] = [
    ("usb_descriptors", &["/descriptors"]),
    ("hid_report", &["/report_descriptor"]),
    ("edid", &["/edid"]),
    ("kernel_tables", &["/stat", "/status", "/cmdline", "/cgroup", "/arp", "/tcp", "/tcp6", "/udp"]),
    ("settings", &["/passwd", "/group", "/os-release", ".service", ".conf", "/input/devices", "/mountinfo"]),
    ("policy", &[".toml"]),
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only these; all if not given
    targets: Vec<String>,
}

/// Builds and runs, and prints the count.
///
/// # Errors
/// When a target does not build or finds something.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.count("fuzzing", || every(arguments.seconds, &arguments.targets));
    steps.finish()
}

/// Runs every target for `seconds`; how many passed and failed.
///
/// # Errors
/// When they do not build.
pub(crate) fn every(seconds: u32, wanted: &[String]) -> anyhow::Result<(u64, u64)> {
    let names = names()?;
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        anyhow::bail!("there is no target `{unknown}`; there are: {}", names.join(", "));
    }
    let programs = build()?;
    let (mut passed, mut failed) = (0, 0);
    for name in names.iter().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        match one(&programs, name, seconds) {
            Ok(()) => passed += 1,
            Err(error) => {
                println!("{name}: {error:#}");
                failed += 1;
            }
        }
    }
    Ok((passed, failed))
}

fn names() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(place::root().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn build() -> anyhow::Result<PathBuf> {
    let target = place::target().join("fuzz");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(place::root().join("fuzz"))
        .args(["build", "--quiet", "--release", "--bins", "--target", TARGET])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", FLAGS)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    run::run(&mut cargo).context("the fuzz targets do not build")?;
    Ok(target.join(TARGET).join("release"))
}

fn one(programs: &Path, name: &str, seconds: u32) -> anyhow::Result<()> {
    let work = place::target().join("fuzz");
    let (found, seeds) = (work.join("corpus").join(name), work.join("seeds").join(name));
    fs::create_dir_all(&found)?;
    gather(name, &seeds)?;
    let artefacts = work.join("artefacts");
    fs::create_dir_all(&artefacts)?;
    let kept = place::root().join("fuzz/corpus").join(name);
    let mut command = Command::new(programs.join(name));
    command.arg(&found).arg(&seeds);
    if kept.is_dir() {
        command.arg(&kept);
    }
    command.args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={MAX_INPUT_BYTES}"),
        format!("-rss_limit_mb={MAX_MEMORY_MB}"),
        format!("-timeout={MAX_INPUT_SECONDS}"),
        format!("-artifact_prefix={}/{name}-", artefacts.display()),
        "-verbosity=0".to_owned(),
        "-print_final_stats=1".to_owned(),
    ]);
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        println!("{name:<20} {} inputs", number_of_runs(&text).unwrap_or("?"));
        return Ok(());
    }
    let told: Vec<&str> = text.lines().rev().take(TOLD_LINES).collect();
    let told: Vec<&str> = told.into_iter().rev().collect();
    anyhow::bail!("found something; its last words:\n{}", told.join("\n"))
}

/// How many of a failed target's last lines are shown.
const TOLD_LINES: usize = 40;

fn number_of_runs(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")).map(str::trim)
}

/// Copies what captured machines hold for this target, each content once.
fn gather(name: &str, into: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(into)?;
    let Some((_, endings)) = SEEDS.iter().find(|(target, _)| *target == name) else { return Ok(()) };
    let mut pending = vec![place::root().join("captures"), place::root().join("policies/profiles")];
    let mut seen = Vec::new();
    while let Some(dir) = pending.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let kind = entry.file_type()?;
            let fits = || endings.iter().any(|ending| path.to_string_lossy().ends_with(ending));
            if kind.is_dir() {
                pending.push(path);
            } else if kind.is_file() && fits() && seen.len() < MAX_SEEDS {
                let bytes = fs::read(&path)?;
                if !bytes.is_empty() && bytes.len() <= MAX_INPUT_BYTES as usize && !seen.contains(&bytes) {
                    fs::write(into.join(format!("seed-{}", seen.len())), &bytes)?;
                    seen.push(bytes);
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_program_of_the_package() {
        let manifest = fs::read_to_string(place::root().join("fuzz/Cargo.toml")).unwrap();
        let names = names().unwrap();
        assert!(names.len() > 10);
        for name in names {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
        }
    }

    #[test]
    fn seeds_name_targets_that_exist() {
        let names = names().unwrap();
        for (target, _) in SEEDS {
            assert!(names.iter().any(|name| name == target), "{target}");
        }
    }

    #[test]
    fn the_number_of_inputs_is_read() {
        assert_eq!(number_of_runs("x\nstat::number_of_executed_units: 42\n"), Some("42"));
    }
}
