//! One command on a fresh machine: shows the product at work while the rest of it still compiles.
//!
//! Always: what is shown comes from the real programs; progress goes to standard error; nothing is
//! written but below the target directory and a temporary one.

mod server;
mod side_by_side;

use crate::{ci, place, run};
use anyhow::{Context, bail};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Compiles fast, and is fast enough to sign and to derive keys.
const PROFILE: &str = "demo";
const HONEST: &str = "captures/dell-keyboard";
/// Where the agent's page turns from what every report carries to what only a finding would.
const FIRST_CONDITIONAL: &str = "Leaves only as evidence";
/// Columns of what this tool itself prints.
const PAGE_WIDTH: usize = 96;
const DISGUISED: &str = "captures/pikvm-as-dell-keyboard";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print everything once and exit
    #[arg(long)]
    once: bool,
    /// Without simulated devices beside this machine
    #[arg(long)]
    no_fleet: bool,
}

/// Builds, shows, serves.
///
/// # Errors
/// Names the missing tool or the program that failed.
pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let started = Instant::now();
    if !run::is_installed("cc") {
        bail!(
            "a C compiler is missing (for the cryptography and the embedded store); install it: apt-get install build-essential"
        );
    }
    progress(started, "building the agent");
    run::run(ci::cargo().args(["build", "--locked", "--profile", PROFILE, "-p", "bearing-agent"]))?;
    progress(started, "the agent is built; the server compiles in the background");
    let server = Building::start(arguments)?;
    let agent = program("bearing-agent");
    side_by_side(&agent)?;
    this_machine(&agent)?;
    what_would_leave(&agent)?;
    signed_and_flipped(&agent)?;
    progress(started, "waiting for the server to compile");
    server.finish()?;
    progress(started, "the server is built");
    server::show(&agent, &program("bearing-server"), !arguments.no_fleet, arguments.once, started)
}

fn program(name: &str) -> PathBuf {
    place::target().join(PROFILE).join(name)
}

fn progress(started: Instant, text: &str) {
    eprintln!("[{:>4} s] {text}", started.elapsed().as_secs());
}

fn heading(number: u8, text: &str) -> String {
    format!("\n━━ {number} · {text} {}\n\n", "━".repeat(90_usize.saturating_sub(text.chars().count())))
}

/// The server being compiled while other things are shown.
struct Building {
    child: Child,
    log: PathBuf,
}

impl Building {
    fn start(arguments: &Arguments) -> anyhow::Result<Self> {
        let log = place::target().join("demo-server-build.log");
        let mut command = ci::cargo();
        command.args(["build", "--locked", "--profile", PROFILE, "-p", "bearing-server"]);
        if !arguments.no_fleet {
            command.args(["-p", "bearing-tests", "--bin", "bearing-server", "--bin", "fleet"]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log)?)
            .spawn()
            .context("cannot start cargo")?;
        Ok(Self { child, log })
    }

    fn finish(mut self) -> anyhow::Result<()> {
        let status = self.child.wait()?;
        if !status.success() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            bail!("the server does not build:\n{}", tail.join("\n"));
        }
        Ok(())
    }
}

/// What the agent prints as JSON. It exits with 1 where it found something grave.
fn json(agent: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
    let output =
        Command::new(agent).args(arguments).current_dir(place::root()).stdin(Stdio::null()).output()?;
    serde_json::from_slice(&output.stdout).with_context(|| {
        format!("`bearing-agent {}`: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr))
    })
}

/// What the agent prints for people.
fn text(agent: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output =
        Command::new(agent).args(arguments).current_dir(place::root()).stdin(Stdio::null()).output()?;
    if output.stdout.is_empty() {
        bail!("`bearing-agent {}`: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn side_by_side(agent: &Path) -> anyhow::Result<()> {
    print!("{}", first_screen(agent)?);
    Ok(())
}

/// The first section as text, from the real agent on two captured machines.
///
/// # Errors
/// When the agent cannot read them.
pub(crate) fn first_screen(agent: &Path) -> anyhow::Result<String> {
    let mut out = heading(1, "Two “Dell keyboards”: one is a keyboard, one is a remote control in disguise");
    let facts = |sysroot| json(agent, &["facts", "--sysroot", sysroot, "--format", "json"]);
    for line in side_by_side::compare(&facts(HONEST)?, &facts(DISGUISED)?)? {
        writeln!(out, "{line}")?;
    }
    for (name, sysroot) in [("left", HONEST), ("right", DISGUISED)] {
        let report = json(agent, &["evaluate", "--sysroot", sysroot, "--family", "kvm", "--format", "json"])?;
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        writeln!(out, "\nbearing-agent evaluate --sysroot {sysroot} --family kvm")?;
        if findings.is_empty() {
            writeln!(out, "  {name}: nothing found in what could be read")?;
        }
        for finding in findings {
            let say = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            for text in [
                format!("{name}: {} {} · {}", say("severity").to_uppercase(), say("rule"), say("title")),
                format!("what would disprove it: {}", say("disproof")),
                format!("at the desk: {}", say("remediation")),
            ] {
                for (number, line) in side_by_side::wrap(&text, PAGE_WIDTH).iter().enumerate() {
                    writeln!(out, "{}{line}", if number == 0 { "  " } else { "    " })?;
                }
            }
        }
    }
    writeln!(out, "\nBoth are captures of USB devices in a virtual machine; captures/README.md says how.")?;
    Ok(out)
}

fn this_machine(agent: &Path) -> anyhow::Result<()> {
    print!("{}", heading(2, "This machine, for real, and what could not be seen (bearing-agent evaluate)"));
    println!("{}", text(agent, &["evaluate"])?.trim_end());
    Ok(())
}

/// What leaves with every report; the rest of the page, which is long, is named.
fn what_would_leave(agent: &Path) -> anyhow::Result<()> {
    print!("{}", heading(3, "What of it would leave this machine (bearing-agent facts)"));
    let page = text(agent, &["facts"])?;
    let (shown, rest) = page.find(FIRST_CONDITIONAL).map_or((page.as_str(), ""), |at| page.split_at(at));
    println!("{}", shown.trim_end());
    if !rest.is_empty() {
        let lines = rest.lines().count();
        println!(
            "\n({lines} more lines of `bearing-agent facts`: what may leave as evidence of a finding, and what never does)"
        );
    }
    Ok(())
}

fn signed_and_flipped(agent: &Path) -> anyhow::Result<()> {
    print!("{}", heading(4, "The signed report, verified; then one byte of it flipped"));
    let dir = tempfile::tempdir()?;
    let bundle = dir.path().join("report.json");
    let path = bundle.to_string_lossy().into_owned();
    text(agent, &["evaluate", "--evidence", &path])?;
    println!("$ bearing-agent verify report.json\n{}", text(agent, &["verify", &path])?.trim_end());
    let mut bytes = std::fs::read(&bundle)?;
    let at = flip(&mut bytes).context("the bundle has no payload")?;
    std::fs::write(&bundle, &bytes)?;
    let output = Command::new(agent).args(["verify", &path]).stdin(Stdio::null()).output()?;
    println!("\nbyte {at} of {} flipped\n$ bearing-agent verify report.json", bytes.len());
    print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    anyhow::ensure!(!output.status.success(), "the verifier accepted a report with a flipped byte");
    Ok(())
}

/// Changes one base64 digit in the middle of the signed payload; gives its place.
fn flip(bytes: &mut [u8]) -> Option<usize> {
    const KEY: &[u8] = b"\"payload\":";
    let key = bytes.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let start = key + bytes.get(key..)?.iter().position(|byte| *byte == b'"')? + 1;
    let length = bytes.get(start..)?.iter().position(|byte| *byte == b'"')?;
    let at = start + length / 2;
    let byte = bytes.get_mut(at)?;
    *byte = if *byte == b'A' { b'B' } else { b'A' };
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_of_the_payload_is_flipped_and_no_other() {
        let before = br#"{"envelope":{"payloadType":"x","payload": "QUJDREVG","signatures":[]}}"#;
        let mut after = before.to_vec();
        let at = flip(&mut after).unwrap();
        let changed: Vec<usize> = (0..before.len()).filter(|&at| before[at] != after[at]).collect();
        assert_eq!(changed, [at]);
        assert!(before[at].is_ascii_alphanumeric());
    }
}
