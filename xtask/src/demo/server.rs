//! The second half of the demonstration: a throw-away server, this machine enrolled, a simulated fleet.

use super::{heading, progress};
use crate::{place, run};
use anyhow::{Context, bail};
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(100);
/// More than any group of the fleet has devices.
const FLEET_USES: &str = "100";
const PATIENCE: Duration = Duration::from_secs(120);

/// Ends a background program with the demonstration.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server, enrols this machine, waits for its report, prints where to look.
///
/// # Errors
/// Names the program that failed, with the end of its log.
pub(super) fn show(
    agent: &Path,
    server: &Path,
    with_fleet: bool,
    once: bool,
    started: Instant,
) -> anyhow::Result<()> {
    print!("{}", heading(5, "A server of your own on this machine"));
    let dir = tempfile::Builder::new().prefix("bearing-demo-").tempdir()?;
    let data = dir.path().join("server");
    let (port, simulation_port) = (free_port()?, free_port()?);
    let url = format!("https://localhost:{port}");
    let made = run::output(
        Command::new(server)
            .args(["init", "--public-url", &url, "--admin", "demo", "--data-dir"])
            .arg(&data)
            .arg("--policy-key-out")
            .arg(dir.path().join("policy.key")),
    )?;
    let log = dir.path().join("server.log");
    let mut serve = Command::new(server);
    serve.arg("serve").arg("--data-dir").arg(&data).arg("--listen").arg(format!("127.0.0.1:{port}"));
    if with_fleet {
        serve.arg("--demo").arg("--simulation-listen").arg(format!("127.0.0.1:{simulation_port}"));
    }
    let mut serving = start(&mut serve, &log)?;
    wait(&mut serving, &log, "the server answers", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
    })?;
    progress(started, "the server answers; enrolling this machine");

    let token = dir.path().join("enrolment-token");
    create_token(server, &data, &["--group", "this-machine"], &token)?;
    let state = dir.path().join("agent");
    let with_state = |words: &[&str]| {
        let mut command = Command::new(agent);
        command.args(words).arg("--state-dir").arg(&state);
        command
    };
    run::output(with_state(&["enroll", "--server", &url]).arg("--token-file").arg(&token))?;
    let agent_log = dir.path().join("agent.log");
    let mut reporting = start(&mut with_state(&["run"]), &agent_log)?;
    wait(&mut reporting, &agent_log, "this machine's report arrives", || {
        run::output(&mut with_state(&["status"]))
            .is_ok_and(|status| status.contains("Last report") && !status.contains("nothing was sent yet"))
    })?;
    progress(started, "this machine's report is on the page");
    let fleet = with_fleet.then(|| fleet(server, &data, dir.path(), simulation_port, once)).transpose()?;

    println!("{}\n", made.trim());
    println!("  address    {url}  (its certificate is its own: your browser will ask)");
    println!("  data       {}  (thrown away at the end)", data.display());
    println!("\nThree things to click:");
    println!("  1. Devices → this machine: its verdict with the arithmetic, and what could not be read");
    println!("  2. Findings → any of them: the evidence, how to disprove it, how to approve it");
    if fleet.is_some() {
        println!("  3. Devices → the disguised keyboard of the simulated fleet (marked as simulated)");
    } else {
        println!("  3. Evaluations → create one: this machine answers with a fresh signed report");
    }
    if once {
        return Ok(());
    }
    println!("\nIt stays up until you press Ctrl-C.");
    let status = serving.0.wait()?;
    bail!("the server ended: {status}\n{}", tail(&log))
}

fn fleet(server: &Path, data: &Path, dir: &Path, port: u16, once: bool) -> anyhow::Result<Option<Running>> {
    let program = super::program("fleet");
    let tokens = dir.join("tokens");
    fs::create_dir(&tokens)?;
    for group in run::output(Command::new(&program).arg("--groups"))?.lines() {
        create_token(
            server,
            data,
            &["--group", group, "--simulated", "--max-uses", FLEET_USES],
            &tokens.join(format!("{group}.token")),
        )?;
    }
    let mut command = Command::new(&program);
    command
        .arg("--server")
        .arg(format!("https://127.0.0.1:{port}"))
        .arg("--ca")
        .arg(data.join("ca.pem"))
        .arg("--tokens")
        .arg(&tokens)
        .arg("--captures")
        .arg(place::root().join("captures"))
        .arg("--work")
        .arg(dir.join("fleet"));
    let places = dir.join("places.tsv");
    command.arg("--places").arg(&places);
    if once {
        println!("{}", run::output(command.arg("--once"))?);
        expect(server, data, &places)?;
        return Ok(None);
    }
    let log = dir.join("fleet.log");
    let mut running = start(&mut command, &log)?;
    wait(&mut running, &log, "every simulated device has reported", || places.exists())?;
    expect(server, data, &places)?;
    Ok(Some(running))
}

/// Says of each simulated device where it is expected: a device id and countries a line, as the fleet wrote them.
fn expect(server: &Path, data: &Path, places: &Path) -> anyhow::Result<()> {
    for line in fs::read_to_string(places)?.lines() {
        let Some((device, countries)) = line.split_once('\t') else { continue };
        let mut command = Command::new(server);
        command.args(["device", "expect", device]).arg("--data-dir").arg(data);
        for country in countries.split(',').filter(|country| !country.is_empty()) {
            command.args(["--country", country]);
        }
        run::output(&mut command)?;
    }
    Ok(())
}

/// Has a token written to a file that only its owner reads: it never stands on a command line.
fn create_token(server: &Path, data: &Path, scope: &[&str], to: &Path) -> anyhow::Result<()> {
    run::output(
        Command::new(server)
            .args(["token", "create"])
            .args(scope)
            .arg("--data-dir")
            .arg(data)
            .arg("--out")
            .arg(to),
    )?;
    Ok(())
}

fn start(command: &mut Command, log: &Path) -> anyhow::Result<Running> {
    let line = run::line(command);
    let out = fs::File::create(log)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    Ok(Running(child))
}

fn wait(running: &mut Running, log: &Path, what: &str, mut look: impl FnMut() -> bool) -> anyhow::Result<()> {
    let started = Instant::now();
    while !look() {
        if let Some(status) = running.0.try_wait()? {
            bail!("waiting until {what}: the program ended with {status}\n{}", tail(log));
        }
        if started.elapsed() > PATIENCE {
            bail!("waited {} s until {what}\n{}", PATIENCE.as_secs(), tail(log));
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
