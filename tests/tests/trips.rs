//! A trip that a person announces on the machine, through a real agent and a real server over loopback TLS.

use anyhow::{Result, ensure};
use bearing_host::clock::SystemClock;
use bearing_protocol::clock::Clock as _;
use bearing_tests::process::{Process, Server, path, run_ok, wait_until};

#[test]
fn a_trip_reaches_the_servers_list() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Server::begin(directory.path(), &[])?;
    let (state, notice) = (directory.path().join("agent"), directory.path().join("notice"));
    let (state, notice) = (path(&state)?, path(&notice)?);
    let token = server.token(&["--max-uses", "1"])?;
    let places = ["--state-dir", state, "--notice-dir", notice];
    let agent = |arguments: &[&str]| run_ok("bearing-agent", &[&places[..], arguments].concat());
    agent(&["enroll", "--server", &server.url, "--token-file", path(&token)?])?;
    // Kept while the service does not run, and carried by its first check-in.
    let today = SystemClock.now().strftime("%Y-%m-%d").to_string();
    agent(&["trip", "--to", "PT", "--from", &today, "--until", &today])?;
    let service = [&places[..], &["run"]].concat();
    let (_service, _) = Process::start("bearing-agent", &service, &directory.path().join("agent.log"))?;
    let data = server.data();
    let listed = wait_until("the trip is in the server's list", || {
        let list = run_ok("bearing-server", &["trip", "list", "--data-dir", path(&data)?])?;
        Ok(list.contains(&format!("{today} to {today}")).then_some(list))
    })?;
    ensure!(listed.contains("announced by device") && listed.contains("PT"), "{listed}");
    Ok(())
}
