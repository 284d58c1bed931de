//! What is tried under Wine: evaluate, enrol, report, the package.
//!
//! Always: each step says what it saw; a step that does not see what it should ends the test with what it saw instead.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::{
    build::{self, Library},
    msi,
    prefix::{Prefix, windows_path},
};
use crate::{ci, place, run};

/// Ends a program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything, one after the other.
///
/// # Errors
/// Names what was not seen.
pub(super) fn run(library: Library, server: &Path) -> anyhow::Result<()> {
    let agent = library.agent(build::QUICK)?;
    let confined = library.example("deny_programs", build::QUICK)?;
    let prefix = Prefix::prepared()?;
    evaluate(&prefix, &agent)?;
    denial(&prefix, &confined)?;
    let work = tempfile::Builder::new().prefix("bearing-windows-").tempdir()?;
    let fleet = Server::start(server, work.path())?;
    enrol_and_report(&prefix, &agent, &fleet)?;
    package(&prefix, &agent, &fleet)
}

/// A server for the test, built fast.
///
/// # Errors
/// Where it does not build.
pub(super) fn server() -> anyhow::Result<PathBuf> {
    run::run(
        ci::cargo()
            .args(["build", "--quiet", "--locked", "-p", "bearing-server", "--profile"])
            .arg(build::QUICK),
    )?;
    Ok(place::target().join(build::QUICK).join("bearing-server"))
}

/// The findings of the prepared machine.
fn evaluate(prefix: &Prefix, agent: &Path) -> anyhow::Result<()> {
    let output = prefix.command("wine").arg(agent).args(["evaluate", "--format", "json"]).output()?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("no report: {}", String::from_utf8_lossy(&output.stderr)))?;
    ensure!(
        output.status.code() == Some(1),
        "evaluate ended with {}, not with 1 for what it found",
        output.status
    );
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let os = &report["device"]["os"];
    ensure!(text(&os["name"]) == "Windows 11 Pro", "operating system: {os}");
    let kind = text(&report["device"]["machine"]["kind"]);
    ensure!(kind == "laptop", "kind of machine: {kind}");
    let found: Vec<(String, String)> = report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|finding| (text(&finding["rule"]), text(&finding["title"])))
        .collect();
    for (rule, word) in [
        ("KV-02", "PiKVM"),
        ("RA-01", "AnyDesk"),
        ("RA-01", "RustDesk"),
        ("RA-07", "Remote Desktop"),
        ("TU-05", "proxy"),
    ] {
        let seen = found.iter().any(|(id, title)| id == rule && title.contains(word));
        ensure!(seen, "no finding of {rule} about {word}: {found:?}");
    }
    let status = |source: &str| {
        let lines = report["coverage"].as_array().into_iter().flatten();
        lines
            .filter(|line| line["source"] == source)
            .map(|line| text(&line["status"]))
            .next()
            .unwrap_or_default()
    };
    for source in
        ["os", "boot", "machine", "processes", "sockets", "units", "interfaces", "firewall", "secure-boot"]
    {
        ensure!(status(source) == "ok", "source {source} is `{}`", status(source));
    }
    for source in ["packages", "autostart", "usb", "displays", "proxies", "time-zone", "updates"] {
        let status = status(source);
        ensure!(status == "ok" || status == "partial", "source {source} is `{status}`");
    }
    println!("evaluate: {} findings as expected, among them {:?}", found.len(), found.first());
    Ok(())
}

/// Wine takes the limit and does not keep it: that the call is made and accepted is what can be seen here.
fn denial(prefix: &Prefix, example: &Path) -> anyhow::Result<()> {
    let text = run::output(prefix.command("wine").arg(example))?;
    ensure!(text.contains("starting programs is denied") && !text.contains("not applied"), "{text}");
    println!("job of one process: accepted; {}", text.lines().last().unwrap_or_default());
    Ok(())
}

/// A server on loopback.
struct Server<'a> {
    program: &'a Path,
    data: PathBuf,
    url: String,
    _running: Running,
}

impl<'a> Server<'a> {
    fn start(program: &'a Path, work: &Path) -> anyhow::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let url = format!("https://localhost:{port}");
        let data = work.join("server");
        run::output(
            Command::new(program)
                .args(["init", "--public-url", &url, "--admin", "test", "--data-dir"])
                .arg(&data)
                .arg("--policy-key-out")
                .arg(work.join("policy.key")),
        )?;
        let log = fs::File::create(work.join("server.log"))?;
        let child = Command::new(program)
            .arg("serve")
            .arg("--data-dir")
            .arg(&data)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let running = Running(child);
        wait("the server answers", || Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()))?;
        Ok(Self { program, data, url, _running: running })
    }

    /// Whether the device that came last said that it stops, and its messages until then.
    fn heard_last_word(&self) -> anyhow::Result<(bool, u64)> {
        let text = run::output(
            Command::new(self.program).args(["device", "list", "--json", "--data-dir"]).arg(&self.data),
        )?;
        let devices: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let newest = devices.iter().max_by_key(|device| device["enrolled_at"].as_str().map(str::to_owned));
        let newest = newest.context("the server knows no device")?;
        ensure!(newest["key_protection"] == "dpapi", "{newest}");
        let stopped = newest["stopped"].as_bool().context("`device list --json` has no `stopped`")?;
        Ok((stopped, newest["sequence"].as_u64().unwrap_or_default()))
    }

    fn token(&self, to: &Path) -> anyhow::Result<()> {
        run::output(
            Command::new(self.program)
                .args(["token", "create", "--group", "windows", "--data-dir"])
                .arg(&self.data)
                .arg("--out")
                .arg(to),
        )
        .map(drop)
    }
}

fn enrol_and_report(prefix: &Prefix, agent: &Path, server: &Server<'_>) -> anyhow::Result<()> {
    server.token(&prefix.drive("token.txt"))?;
    let command = |words: &[&str]| {
        let mut command = prefix.command("wine");
        command.arg(agent).args(words);
        command
    };
    let enrolled =
        run::output(&mut command(&["enroll", "--server", &server.url, "--token-file", r"C:\token.txt"]))?;
    ensure!(enrolled.contains("is enrolled at"), "{enrolled}");
    let key = fs::read_to_string(prefix.drive("ProgramData/Bearing/state/device.key"))?;
    ensure!(key.starts_with("bearing-device-key-sealed-1 "), "the key is not sealed");
    {
        let child =
            command(&["run"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let _running = Running(child);
        wait("the report is acknowledged", || reported(&mut command(&["status"])))?;
    }
    // Killing Wine's loader leaves its program: the whole prefix is ended.
    prefix.end()?;
    prefix.begin()?;
    let kept = prefix.paths_with("ProgramData/Bearing/")?;
    ensure!(kept.iter().any(|path| path.ends_with("notice/status.json")), "no notice hung: {kept:?}");
    let cleaned = run::output(&mut command(&["uninstall-clean", "--yes"]))?;
    ensure!(cleaned.contains("Removed"), "{cleaned}");
    let left = prefix.paths_with("ProgramData/Bearing")?;
    ensure!(left.is_empty(), "stayed: {left:?}");
    println!("enrolled with a sealed key, reported, cleaned");
    Ok(())
}

/// Whether the last report was taken by the server.
fn reported(status: &mut Command) -> anyhow::Result<bool> {
    let text = run::output(status)?;
    ensure!(!text.contains("refused"), "{text}");
    let sent = text.lines().find_map(|line| line.strip_prefix("Last sent"));
    let number =
        sent.and_then(|line| line.split_whitespace().nth(1)).and_then(|word| word.parse::<u64>().ok());
    Ok(number.is_some_and(|number| number >= REPORT) && text.contains("Waiting     0"))
}

fn package(prefix: &Prefix, agent: &Path, server: &Server<'_>) -> anyhow::Result<()> {
    let package = msi::signed(agent)?;
    let before = prefix.everything()?;
    server.token(&prefix.drive("rollout-token.txt"))?;
    let install = prefix
        .command("wine")
        .args(["msiexec", "/i", &windows_path(&package), "/qn"])
        .arg(format!("SERVER={}", server.url))
        .arg(r"TOKENFILE=C:\rollout-token.txt")
        .status()?;
    ensure!(install.success(), "msiexec /i ended with {install}");
    let installed = prefix.drive("Program Files/Bearing/bearing-agent.exe");
    ensure!(installed.exists(), "the program was not installed: {:?}", prefix.paths_with("bearing-agent")?);
    // The service was started by the installer: it enrols with what it was told and takes the token away.
    let token = prefix.drive("rollout-token.txt");
    wait("the service enrolled and removed the token", || Ok(!token.exists()))?;
    let mut status = prefix.command("wine");
    status.arg(&installed).arg("status");
    wait("the service's report is acknowledged", || reported(&mut status))?;
    ensure!(!server.heard_last_word()?.0, "the server has a last word before the service stopped");
    let remove = prefix.command("wine").args(["msiexec", "/x", &windows_path(&package), "/qn"]).status()?;
    ensure!(remove.success(), "msiexec /x ended with {remove}");
    wait("the last word is at the server", || Ok(server.heard_last_word()?.0))?;
    let (_, messages) = server.heard_last_word()?;
    let left: Vec<_> = prefix.everything()?.difference(&before).cloned().collect();
    ensure!(left.is_empty(), "files or directories stayed: {left:?}");
    println!(
        "package: installed, enrolled by its service, reported, last word at the server (message {messages}), \
         removed without a file or directory left"
    );
    Ok(())
}

fn wait(what: &str, mut look: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let started = Instant::now();
    while !look()? {
        if started.elapsed() > PATIENCE {
            bail!("waited {} s until {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// The first message says that the service starts, the second is the report.
const REPORT: u64 = 2;
const POLL: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(120);
