//! Devices that come and go while the service runs: nothing that was there between two evaluations is missed.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::{fs, path::Path, time::Duration};

use bearing_agent::{journal::Journal, service::Watch};
use bearing_protocol::{
    coverage::{Source, Status},
    payload::ReportPayload,
};
use support::{FakeServer, Machine, Taken};
use tokio::sync::mpsc;

/// A gadget with a keyboard and an absolute pointer, as it lies below `/sys`, from the captured machine.
fn plug(root: &Path) {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../captures/pikvm-default");
    copy(&capture.join("sys"), &root.join("sys"));
}

fn unplug(root: &Path) {
    let _ = fs::remove_dir_all(root.join("sys"));
    fs::create_dir_all(root.join("sys/bus/usb/devices")).unwrap();
    fs::create_dir_all(root.join("sys/bus/hid/devices")).unwrap();
    fs::create_dir_all(root.join("sys/class/drm")).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&path).unwrap(), to).unwrap();
        } else if kind.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
}

fn reports(server: &FakeServer) -> Vec<ReportPayload> {
    let reports = server.taken().into_iter().filter_map(|taken| match taken {
        Taken::Report(payload, _) => Some(*payload),
        Taken::Checkin(_) => None,
    });
    reports.collect()
}

fn lines(machine: &Machine) -> String {
    fs::read_to_string(machine.directory.file(Journal::FILE)).unwrap_or_default()
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_kvm_that_was_there_between_two_evaluations_is_in_the_next_report() {
    let server = FakeServer::start().await;
    let machine = Machine::new();
    machine.enroll(&server).await;
    let root = machine.temporary.path().join("root");
    unplug(&root);
    let (tell, told) = mpsc::channel(8);
    let story = async {
        until("the first report came", || !reports(&server).is_empty()).await;
        plug(&root);
        tell.send(()).await.unwrap();
        until("its coming is in the journal", || lines(&machine).contains("\"attached\"")).await;
        // Gone before the change has settled: no evaluation ever reads it.
        unplug(&root);
        tell.send(()).await.unwrap();
        until("the second report came", || reports(&server).len() > 1).await;
    };
    machine.service_with(Watch::told(told)).run(story).await.unwrap();
    let all = reports(&server);
    let kvm = |report: &ReportPayload| report.findings.iter().any(|f| f.family.prefix() == "KV");
    assert!(!kvm(&all[0]), "nothing was there before");
    assert!(kvm(&all[1]), "what was there for a moment is told");
    assert_ne!(all[0].device_journal, all[1].device_journal);
    assert!(all[1].device_journal.is_some(), "the report vouches for the journal");
}

#[tokio::test]
async fn a_journal_that_was_changed_is_set_aside_and_said_so() {
    let server = FakeServer::start().await;
    let machine = Machine::new();
    machine.enroll(&server).await;
    let root = machine.temporary.path().join("root");
    unplug(&root);
    plug(&root);
    let is_there = || lines(&machine).contains("\"attached\"") && !reports(&server).is_empty();
    machine.run_until(is_there).await.unwrap();
    let path = machine.directory.file(Journal::FILE);
    fs::write(&path, lines(&machine).replacen("PiKVM", "Mouse", 1)).unwrap();
    let before = reports(&server).len();
    machine.run_until(|| reports(&server).len() > before).await.unwrap();
    let last = reports(&server).pop().unwrap();
    let line = last.coverage.iter().find(|line| line.source == Source::DeviceEvents).unwrap();
    assert_eq!(line.status, Status::Error);
    assert!(line.detail.contains("broken and set aside"), "{}", line.detail);
    assert!(machine.directory.file(Journal::BROKEN_FILE).exists());
}
