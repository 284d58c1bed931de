//! Measurements, written to `docs/benchmarks.md` with how they were taken and on what.
//!
//! Always: ratios within one run on one machine; a number that misses its goal is printed as it is.

use crate::{ci, place, run};
use anyhow::{Context, bail};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs of each measured command; the median counts.
const RUNS: usize = 9;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    over: Option<Over>,
    /// What to measure; all of it if not given
    #[arg(value_enum)]
    what: Vec<What>,
    /// The program that loads a server: prints a section of Markdown
    #[arg(long, default_value = "server-bench")]
    load: String,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    Agent,
    Server,
    Catalogue,
    Correlation,
}

#[derive(clap::Subcommand)]
enum Over {
    /// False alarms of the hardware rules over real captures: exposed, hits, upper bound
    Detection {
        /// Where the captures lie
        directory: PathBuf,
    },
}

/// Measures and writes the page.
///
/// # Errors
/// When something does not build or does not run.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let wants = |what| arguments.what.is_empty() || arguments.what.contains(&what);
    let page = place::root().join("docs/benchmarks.md");
    if let Some(Over::Detection { directory }) = &arguments.over {
        put(&page, "False alarms", &detection(directory)?)?;
        println!("{}", page.display());
        return Ok(());
    }
    if wants(What::Agent) {
        put(&page, "Agent", &agent()?)?;
    }
    if wants(What::Server) {
        put(&page, "Server", &server(&arguments.load)?)?;
    }
    if wants(What::Catalogue) {
        put(&page, "Catalogue", &catalogue()?)?;
    }
    if wants(What::Correlation) {
        put(&page, "Correlation", &correlation()?)?;
    }
    println!("{}", page.display());
    Ok(())
}

/// Takes a fleet with one new report each through the real worker and store.
fn correlation() -> anyhow::Result<String> {
    let mut command = ci::cargo();
    command.args("run --quiet --locked --release -p bearing-server --example correlation".split(' '));
    let (succeeded, text) = run::tee(&mut command)?;
    anyhow::ensure!(succeeded, "`correlation` failed");
    Ok(as_measured(
        "Everything that happens to a report after it was acknowledged: opened again, judged, what ties it to others found, \
         groups and verdicts written. Two threads; goal: 100,000 devices with one new report each keep up.",
        &text,
    ))
}

/// Counts false alarms over a directory of real captures.
fn detection(directory: &Path) -> anyhow::Result<String> {
    let directory =
        directory.canonicalize().with_context(|| format!("cannot find `{}`", directory.display()))?;
    if !run::is_installed("xz") {
        bail!("the captures are packed: install xz-utils (apt-get install xz-utils)");
    }
    let mut command = ci::cargo();
    command.args(["run", "--quiet", "--locked", "-p", "bearing-policies", "--example", "detection", "--"]);
    let (succeeded, text) = run::tee(command.arg(&directory))?;
    anyhow::ensure!(succeeded, "the captures could not be measured");
    Ok(as_measured(
        "Real hardware of other people, none of which should raise anything. *Exposed* are ordinary cases that hold \
         what the rule reads; the bound is the rate of medium or more that is not excluded at 95 %. *Labelled* cases \
         are real KVMs and management controllers among the captures. Rules were shaped with these captures in \
         sight: the figures are in-sample. Below the table: every case at medium or more.",
        &text,
    ))
}

/// What ten times the catalogue costs in matching.
fn catalogue() -> anyhow::Result<String> {
    let mut all = String::new();
    for example in ["cost", "kvm_cost"] {
        let mut command = ci::cargo();
        command.args([
            "run",
            "--quiet",
            "--locked",
            "--release",
            "-p",
            "bearing-policies",
            "--example",
            example,
        ]);
        let (succeeded, text) = run::tee(&mut command)?;
        anyhow::ensure!(succeeded, "`{example}` failed");
        all.push_str(&text);
    }
    Ok(as_measured(
        "Matching with today's catalogue and with larger ones; goal: ten times the entries cost under 1.2×.",
        &all,
    ))
}

/// What a program printed, as it printed it.
fn as_measured(about: &str, text: &str) -> String {
    format!("{about}\n\n```text\n{}\n```", text.trim_end())
}

/// Processor seconds (user and system) and peak memory of one run.
#[derive(Clone, Copy)]
struct Cost {
    cpu_s: f64,
    peak_kib: u64,
}

fn agent() -> anyhow::Result<String> {
    run::run(ci::cargo().args(["build", "--locked", "--profile", "agent", "-p", "bearing-agent"]))?;
    run::run(ci::cargo().args([
        "build",
        "--locked",
        "--release",
        "-p",
        "bearing-host",
        "--example",
        "replay",
    ]))?;
    let agent = place::target().join("agent/bearing-agent");
    let replay = place::target().join("release/examples/replay");
    let dir = tempfile::tempdir()?;
    let opened = dir.path().join("opened");
    run::run(Command::new(&replay).arg("record").arg(&opened))?;
    let evaluation = median(&agent, &["evaluate", "--format", "json"])?;
    let bare = median(&replay, &["replay", &opened.to_string_lossy()])?;
    let size_bytes = std::fs::metadata(&agent)?.len();
    let paths = std::fs::read_to_string(&opened)?.lines().count();
    let mut text = String::new();
    writeln!(text, "| what | measured | goal |\n|---|---|---|")?;
    writeln!(
        text,
        "| one evaluation of this machine, processor time | {:.3} s, {:.2}× the bare reads | ≤ 2× |",
        evaluation.cpu_s,
        evaluation.cpu_s / bare.cpu_s.max(f64::EPSILON)
    )?;
    writeln!(
        text,
        "| the bare reads: opening and reading the same {paths} paths | {:.3} s | – |",
        bare.cpu_s
    )?;
    writeln!(text, "| peak memory of one evaluation | {:.1} MiB | – |", mib(evaluation.peak_kib))?;
    let megabytes = f64::from(u32::try_from(size_bytes / 1024)?) / 1024.0;
    writeln!(text, "| binary, stripped | {megabytes:.2} MiB | ≤ 6 MiB |")?;
    writeln!(text, "\nMedian of {RUNS} runs; time and memory as the kernel counts them for the process.")?;
    Ok(text)
}

fn server(load: &str) -> anyhow::Result<String> {
    run::run(ci::cargo().args([
        "build",
        "--locked",
        "--release",
        "-p",
        "bearing-server",
        "-p",
        "bearing-tests",
    ]))?;
    let program = place::target().join("release").join(load);
    if !program.exists() {
        bail!("there is no load generator `{}`", program.display());
    }
    let (succeeded, text) = run::tee(&mut Command::new(&program))?;
    anyhow::ensure!(succeeded, "`{}` failed", program.display());
    Ok(text)
}

fn median(program: &Path, arguments: &[&str]) -> anyhow::Result<Cost> {
    let mut costs = (0..RUNS).map(|_| cost(program, arguments)).collect::<anyhow::Result<Vec<_>>>()?;
    costs.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    costs.get(RUNS / 2).copied().context("nothing ran")
}

/// Runs a program under `time`, which prints user seconds, system seconds and peak KiB last.
fn cost(program: &Path, arguments: &[&str]) -> anyhow::Result<Cost> {
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%U %S %M"]).arg(program).args(arguments);
    let output = command
        .current_dir(place::root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .context("cannot start `/usr/bin/time`; install it: apt-get install time")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers.as_slice() {
        [user, system, peak] => Ok(Cost { cpu_s: user + system, peak_kib: format!("{peak:.0}").parse()? }),
        _ => bail!("`{}` printed `{line}`", program.display()),
    }
}

fn mib(kib: u64) -> f64 {
    u32::try_from(kib).map_or(f64::MAX, f64::from) / 1024.0
}

/// Replaces the section with this title, keeps the others, says on what and when it was measured.
fn put(page: &PathBuf, title: &str, text: &str) -> anyhow::Result<()> {
    let before = std::fs::read_to_string(page).unwrap_or_else(|_| {
        "# Benchmarks\n\nWritten by `cargo xtask bench`: ratios within one run on one machine. What misses its goal stands here as it is.\n".to_owned()
    });
    let section = format!("## {title}\n\n{}\n\n{}\n", machine()?, text.trim());
    std::fs::write(page, replace_section(&before, title, &section))?;
    Ok(())
}

fn replace_section(page: &str, title: &str, section: &str) -> String {
    let head = format!("## {title}\n");
    let Some(start) = page.find(&head) else { return format!("{}\n\n{section}", page.trim_end()) };
    let rest = &page[start + head.len()..];
    let end = rest.find("\n## ").map_or(page.len(), |at| start + head.len() + at + 1);
    format!("{}{section}{}{}", &page[..start], if end < page.len() { "\n" } else { "" }, &page[end..])
}

fn machine() -> anyhow::Result<String> {
    let processor = std::fs::read_to_string("/proc/cpuinfo")?
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism()?;
    let kernel = run::output(Command::new("uname").arg("-r"))?;
    let date = run::output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let commit =
        run::output(Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(place::root()))?;
    Ok(format!(
        "{processor}, {cores} cores, Linux {}, {}, commit {}.",
        kernel.trim(),
        date.trim(),
        commit.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_its_neighbours_stay() {
        let page = "# B\n\n## Agent\n\nold\n\n## Server\n\nkept\n";
        let new = replace_section(page, "Agent", "## Agent\n\nnew\n");
        assert_eq!(new, "# B\n\n## Agent\n\nnew\n\n## Server\n\nkept\n");
        let again = replace_section(&new, "Server", "## Server\n\nnewer\n");
        assert_eq!(again, "# B\n\n## Agent\n\nnew\n\n## Server\n\nnewer\n");
        assert!(replace_section("# B\n", "Agent", "## Agent\n").ends_with("\n\n## Agent\n"));
    }
}
