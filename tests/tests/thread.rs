//! The whole thread, with a real agent process and a real server process over loopback TLS.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use bearing_host::clock::SystemClock;
use bearing_protocol::{
    clock::Clock as _, digest::Digest, envelope::Envelope, id::DeviceId, payload::CheckinReason,
    token::EnrolmentToken,
};
use bearing_store::{Chain, DeviceFilter, DeviceRow, Devices as _, Ledger as _, PageRequest, Verdicts as _};
use bearing_store_sqlite::SqliteStore;
use bearing_tests::{
    connection::Target,
    device::Device,
    process::{Process, Server, path, run, run_ok, wait_until},
    sample,
};

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Looks into the server's store from outside.
struct Look {
    runtime: tokio::runtime::Runtime,
    store: SqliteStore,
}

impl Look {
    fn into(server: &Server) -> Result<Self> {
        let runtime = runtime()?;
        let store = runtime.block_on(SqliteStore::open(&server.data().join("bearing.db")))?;
        Ok(Self { runtime, store })
    }

    fn devices(&self) -> Result<Vec<DeviceRow>> {
        let (filter, page) = (DeviceFilter::default(), PageRequest::default());
        Ok(self.runtime.block_on(self.store.devices(&filter, &page))?.items)
    }

    fn chains(&self, device: &DeviceId) -> Result<Vec<(u64, Chain)>> {
        let messages = self.runtime.block_on(self.store.messages(device, None, 500))?;
        Ok(messages.into_iter().map(|m| (m.sequence, m.chain)).rev().collect())
    }
}

fn enroll(server: &Server, state: &Path) -> Result<()> {
    let token = server.token(&["--max-uses", "1"])?;
    run_ok(
        "bearing-agent",
        &["--state-dir", path(state)?, "enroll", "--server", &server.url, "--token-file", path(&token)?],
    )?;
    Ok(())
}

fn start_agent(directory: &Path, state: &Path) -> Result<Process> {
    let arguments = ["--state-dir", path(state)?, "run"];
    Ok(Process::start("bearing-agent", &arguments, &directory.join("agent.log"))?.0)
}

#[test]
fn this_machines_state_becomes_a_verdict() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut server = Server::begin(directory.path(), &[])?;
    let state = directory.path().join("agent");
    enroll(&server, &state)?;
    let agent = start_agent(directory.path(), &state)?;
    let look = Look::into(&server)?;
    let device = wait_until("the report arrives", || {
        Ok(look.devices()?.into_iter().find(|device| device.last_report.is_some()))
    })?;
    let verdict = wait_until("the verdict is computed", || {
        Ok(look.runtime.block_on(look.store.verdict(&device.id))?)
    })?;
    ensure!(!verdict.arithmetic.is_empty(), "a verdict shows its arithmetic");
    let (coverage, outcomes) = wait_until("the result is there", || {
        Ok(look.runtime.block_on(look.store.last_result(&device.id))?)
    })?;
    ensure!(coverage.iter().any(|line| line.source.as_str() == "processes"), "{coverage:?}");
    ensure!(outcomes.len() > 10, "{outcomes:?}");

    ensure!(agent.stop()?, "the agent ends well when it is asked to stop");
    let stopped = wait_until("the last word arrives", || {
        Ok(look.devices()?.into_iter().find(|device| device.stopped))
    })?;
    ensure!(stopped.sequence >= 2);
    let chains = look.chains(&device.id)?;
    ensure!(chains.iter().all(|(_, chain)| *chain == Chain::Continues), "{chains:?}");
    ensure!(server.stop()?, "the server ends well when it is asked to stop");
    Ok(())
}

#[test]
fn an_agent_that_is_killed_goes_on_where_it_was() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Server::begin(directory.path(), &[])?;
    let state = directory.path().join("agent");
    enroll(&server, &state)?;
    let look = Look::into(&server)?;
    let mut seen = 0;
    for round in 0..3 {
        let agent = start_agent(directory.path(), &state)?;
        seen = wait_until("a message of this run arrives", || {
            let device = look.devices()?.pop().context("the device is enrolled")?;
            Ok((device.sequence > seen).then_some(device.sequence))
        })?;
        agent.kill();
        ensure!(seen > round, "every run adds to the chain");
    }
    let device = look.devices()?.pop().context("the device is enrolled")?;
    let chains = look.chains(&device.id)?;
    ensure!(chains.iter().all(|(_, chain)| *chain == Chain::Continues), "{chains:?}");
    Ok(())
}

#[test]
fn what_was_collected_while_the_server_was_away_arrives_later() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut server = Server::begin(directory.path(), &[])?;
    let state = directory.path().join("agent");
    enroll(&server, &state)?;
    let address = server.url.trim_start_matches("https://").to_owned();
    ensure!(server.stop()?);
    let agent = start_agent(directory.path(), &state)?;
    wait_until("the spool holds a message", || {
        let waiting = fs::read_dir(state.join("spool")).map(Iterator::count).unwrap_or_default();
        Ok((waiting > 0).then_some(()))
    })?;
    agent.kill();
    server.start_at(&address, &[])?;
    let _agent = start_agent(directory.path(), &state)?;
    let look = Look::into(&server)?;
    let device = wait_until("the spooled report arrives", || {
        Ok(look.devices()?.into_iter().find(|device| device.last_report.is_some()))
    })?;
    let chains = look.chains(&device.id)?;
    ensure!(
        chains.first().is_some_and(|(sequence, _)| *sequence == 1),
        "nothing before was lost: {chains:?}"
    );
    ensure!(chains.iter().all(|(_, chain)| *chain == Chain::Continues), "{chains:?}");
    Ok(())
}

/// How many messages each device has acknowledged before the server is killed.
const BEFORE_THE_KILL: usize = 40;

#[test]
fn a_server_killed_under_load_has_lost_nothing_it_acknowledged() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut server = Server::begin(directory.path(), &[])?;
    let token: EnrolmentToken = fs::read_to_string(server.token(&["--max-uses", "8"])?)?.parse()?;
    let target = Target::new(&server.url, &server.ca_pem()?)?;
    let runtime = runtime()?;
    let (reached, mut kill) = tokio::sync::mpsc::unbounded_channel();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (target, reached) = (target.clone(), reached.clone());
            let token = token.reveal().parse::<EnrolmentToken>();
            runtime.spawn(async move {
                let clock = SystemClock;
                let hostname = format!("load-{number}");
                let mut connection = target.connect().await?;
                let mut device =
                    Device::enroll(&mut connection, &token?, sample::summary(&hostname), clock.now()).await?;
                let mut acknowledged: Vec<(u64, Digest)> = Vec::new();
                let mut unacknowledged = None;
                for round in 0..u64::MAX {
                    let (body, report) = if round % 5 == 0 {
                        let (payload, disclosures) = sample::report(&hostname, round, clock.now())?;
                        (device.report(payload, disclosures)?, true)
                    } else {
                        (device.checkin(CheckinReason::Unchanged, Digest::of(b"policy"), clock.now())?, false)
                    };
                    let sent = if report {
                        device.send_report(&mut connection, body.clone()).await
                    } else {
                        device.send_checkin(&mut connection, body.clone()).await
                    };
                    match sent {
                        Ok(answer) => {
                            ensure!(answer.sequence == device.sequence);
                            acknowledged.push((device.sequence, device.previous.context("digest")?));
                        }
                        Err(_) => {
                            unacknowledged = Some((body, report));
                            break;
                        }
                    }
                    if acknowledged.len() == BEFORE_THE_KILL {
                        let _ = reached.send(());
                    }
                }
                Ok((device, acknowledged, unacknowledged))
            })
        })
        .collect();
    runtime.block_on(async {
        for _ in 0..8 {
            kill.recv().await;
        }
    });
    server.kill();
    let ended: Vec<_> = tasks.into_iter().map(|task| runtime.block_on(task)?).collect::<Result<_>>()?;

    server.start(&[])?;
    let look = Look::into(&server)?;
    let target = Target::new(&server.url, &server.ca_pem()?)?;
    let mut total = 0;
    for (device, acknowledged, unacknowledged) in ended {
        total += acknowledged.len();
        for (sequence, digest) in &acknowledged {
            let stored = look.runtime.block_on(look.store.message(&device.id, *sequence))?;
            let stored =
                stored.with_context(|| format!("message {sequence} was acknowledged and is gone"))?;
            ensure!(stored.digest == *digest, "message {sequence} is stored as it was sent");
            ensure!(Envelope::chain_digest(&stored.envelope)? == *digest);
        }
        // What was under way is sent again: stored once, whether or not the commit had happened.
        let (body, report) = unacknowledged.context("the kill cut a message off")?;
        let mut connection = runtime.block_on(target.connect())?;
        let answer = if report {
            runtime.block_on(device.send_report(&mut connection, body))?
        } else {
            runtime.block_on(device.send_checkin(&mut connection, body))?
        };
        ensure!(answer.sequence == device.sequence);
        let chains = look.chains(&device.id)?;
        ensure!(chains.iter().all(|(_, chain)| *chain == Chain::Continues), "{chains:?}");
    }
    println!("{total} acknowledged messages, all stored after SIGKILL");
    Ok(())
}

#[test]
fn an_auditors_evaluation_is_answered_exported_and_verified_offline() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Server::begin(directory.path(), &[])?;
    let state = directory.path().join("agent");
    enroll(&server, &state)?;
    let silent = directory.path().join("silent");
    enroll(&server, &silent)?;
    let data = server.data();
    let data = path(&data)?;
    let created = run_ok(
        "bearing-server",
        &["evaluation", "create", "--data-dir", data, "--name", "Q4", "--within", "20s"],
    )?;
    let id = created
        .split_whitespace()
        .find(|word| word.starts_with("eva_"))
        .context("an id is printed")?
        .to_owned();
    let _agent = start_agent(directory.path(), &state)?;
    let listed = || run_ok("bearing-server", &["evaluation", "list", "--data-dir", data, "--format", "json"]);
    wait_until("the evaluation freezes at its deadline", || {
        let rows: serde_json::Value = serde_json::from_str(&listed()?)?;
        let row = rows.as_array().and_then(|rows| rows.iter().find(|row| row["id"] == id.as_str()));
        Ok(row.filter(|row| row["status"] == "frozen").map(|row| row["answered"].as_u64()))
    })
    .map(|answered| assert_eq!(answered, Some(1), "one device answered, one is not assessed"))?;

    let bundle = directory.path().join("evidence.json");
    run_ok("bearing-server", &["evidence", "export", "--data-dir", data, &id, "--out", path(&bundle)?])?;
    let verified = run_ok("bearing-server", &["evidence", "verify", path(&bundle)?])?;
    ensure!(verified.contains("no answer before the deadline"), "{verified}");

    let text = fs::read_to_string(&bundle)?;
    let mut value: serde_json::Value = serde_json::from_str(&text)?;
    let payload = value["reports"][0]["envelope"]["payload"].as_str().context("payload")?.to_owned();
    let flipped = format!("{}{}", if payload.starts_with('A') { "B" } else { "A" }, &payload[1..]);
    value["reports"][0]["envelope"]["payload"] = flipped.into();
    fs::write(&bundle, serde_json::to_vec(&value)?)?;
    let output = run("bearing-server", &["evidence", "verify", path(&bundle)?])?;
    ensure!(output.status.code() == Some(1), "{:?}", output.status);
    Ok(())
}

#[test]
fn an_older_message_sent_again_changes_nothing_and_a_fork_is_refused() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Server::begin(directory.path(), &[])?;
    let token: EnrolmentToken = fs::read_to_string(server.token(&["--max-uses", "1"])?)?.parse()?;
    let target = Target::new(&server.url, &server.ca_pem()?)?;
    let runtime = runtime()?;
    let clock = Arc::new(SystemClock);
    runtime.block_on(async {
        let mut connection = target.connect().await?;
        let mut device =
            Device::enroll(&mut connection, &token, sample::summary("atlas"), clock.now()).await?;
        let policy = Digest::of(b"policy");
        let first = device.checkin(CheckinReason::Starting, policy, clock.now())?;
        device.send_checkin(&mut connection, first.clone()).await?;
        let again = device.send_checkin(&mut connection, first).await?;
        ensure!(again.duplicate, "a replay is acknowledged as known");
        let before = (device.sequence, device.previous);
        let second = device.checkin(CheckinReason::Unchanged, policy, clock.now())?;
        device.send_checkin(&mut connection, second).await?;
        (device.sequence, device.previous) = before;
        let fork = device.checkin(CheckinReason::Stopping, policy, clock.now())?;
        let answer = connection.post("/agent/v1/checkin", Some(device.id.as_str()), fork).await?;
        ensure!(answer.status == 409, "{answer:?}");
        Ok(())
    })?;
    let look = Look::into(&server)?;
    let device = look.devices()?.pop().context("enrolled")?;
    wait_until("the fork becomes a finding", || {
        let findings =
            look.runtime.block_on(bearing_store::Findings::device_findings(&look.store, &device.id))?;
        Ok(findings.iter().any(|row| row.finding.rule.as_str() == "AT-03").then_some(()))
    })?;
    Ok(())
}
