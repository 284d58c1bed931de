//! The service as a process: enrolled by the command line, in its sandbox, told to stop by a signal.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixDatagram},
    path::Path,
    process::{Child, Output, Stdio},
    time::{Duration, Instant},
};

use bearing_protocol::payload::CheckinReason;
use support::{FakeServer, Taken};

#[expect(clippy::disallowed_methods, reason = "a test may start the program it tests")]
fn agent(state: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bearing-agent"));
    command.arg("--state-dir").arg(state).arg("--config").arg(state.join("none.toml"));
    command.arg("--notice-dir").arg(state.with_file_name("notice"));
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command
}

async fn finish(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

async fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(120), "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn received(manager: &UnixDatagram) -> Vec<String> {
    let mut states = Vec::new();
    let mut buffer = [0; 256];
    while let Ok(length) = manager.recv(&mut buffer) {
        states.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    states
}

#[tokio::test]
async fn a_service_is_enrolled_reports_and_says_a_last_word() {
    let server = FakeServer::start().await;
    let temporary = tempfile::tempdir().unwrap();
    let state = temporary.path().join("state");
    let token = temporary.path().join("token");
    fs::write(&token, server.token().reveal().as_bytes()).unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let enrolling = agent(&state)
        .args(["enroll", "--server", server.url.as_str(), "--token-file"])
        .arg(&token)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let enrolled = finish(enrolling).await;
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    for file in ["device.key", "enrolment.json"] {
        assert_eq!(fs::metadata(state.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }

    let notify = temporary.path().join("notify");
    let manager = UnixDatagram::bind(&notify).unwrap();
    manager.set_nonblocking(true).unwrap();
    let service = agent(&state)
        .arg("run")
        .env("NOTIFY_SOCKET", &notify)
        .env("WATCHDOG_USEC", "1000000")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = rustix::process::Pid::from_child(&service);
    wait_until("a report arrives", || server.taken().iter().any(|t| matches!(t, Taken::Report(..)))).await;
    let second = agent(&state).arg("run").stderr(Stdio::piped()).spawn().unwrap();
    let second = finish(second).await;
    assert_eq!(second.status.code(), Some(2), "one process holds the state");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = finish(service).await;
    let log = String::from_utf8_lossy(&ended.stderr).into_owned();
    println!("{log}");
    assert!(ended.status.success(), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
    let taken = server.taken();
    assert!(
        matches!(taken.last(), Some(Taken::Checkin(checkin)) if checkin.reason == CheckinReason::Stopping),
        "{log}"
    );
    let states = received(&manager);
    assert_eq!(states.first().map(String::as_str), Some("READY=1"));
    assert!(
        states.iter().any(|state| state == "WATCHDOG=1") && states.iter().any(|state| state == "STOPPING=1")
    );

    let status = finish(agent(&state).arg("status").stdout(Stdio::piped()).spawn().unwrap()).await;
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(
        said.contains("stopped at") && said.contains("Last sent") && said.contains("0 messages"),
        "{said}"
    );
    let shown = finish(agent(&state).arg("show").stdout(Stdio::piped()).spawn().unwrap()).await;
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Inventory that went with it"));
    let notice = state.with_file_name("notice");
    assert_eq!(fs::metadata(&notice).unwrap().permissions().mode() & 0o777, 0o755);
    for file in ["status.json", "last-report.json"] {
        let path = notice.join(file);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o644,
            "every account may read it"
        );
        assert!(!fs::read_to_string(path).unwrap().contains(&"0c".repeat(32)), "no key in it");
    }
    let doctor = finish(agent(&state).arg("doctor").stdout(Stdio::piped()).spawn().unwrap()).await;
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("its certificate is by the pinned CA") && said.contains("does not run"), "{said}");
}
