//! The filters, proved in a process of their own: this test starts itself again and is confined there.

#![cfg(target_os = "linux")]

use std::{
    fs, io,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use bearing_host::{
    Root,
    sandbox::{Reads, confine_reader, confine_service, confine_writes},
    watch::DeviceWatch,
};

#[expect(clippy::disallowed_methods, reason = "a test may start a child")]
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

/// Runs one of the ignored tests below as a process of its own.
#[expect(clippy::unwrap_used, reason = "a part of the tests")]
fn run_alone(name: &str) {
    let output = command(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn a_confined_service_starts_no_program() {
    run_alone("alone_service");
}

#[test]
#[ignore = "confines its process; run by `a_confined_service_starts_no_program`"]
fn alone_service() {
    let before = thread::spawn(thread::park);
    assert!(command("/bin/true").status().unwrap().success(), "there is a program to be denied");
    let confinement = confine_service();
    assert_eq!(confinement.missing, Vec::<String>::new());
    assert!(confinement.describe().contains("seccomp"));
    let denied = |error: io::Error| assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
    denied(command("/bin/true").stdout(Stdio::null()).spawn().unwrap_err());
    denied(command("/bin/true").exec());
    // Threads, those from before and new ones, are denied alike; they still start.
    thread::spawn(|| assert!(command("/bin/true").spawn().is_err())).join().unwrap();
    before.thread().unpark();
    before.join().unwrap();
    assert!(Root::live().read("/proc/self/stat", 4096).is_ok());
    assert!(TcpListener::bind("127.0.0.1:0").is_ok(), "the service talks");
}

#[test]
fn a_confined_reader_neither_talks_nor_writes() {
    run_alone("alone_reader");
}

#[test]
#[ignore = "confines its thread; run by `a_confined_reader_neither_talks_nor_writes`"]
fn alone_reader() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "read me").unwrap();
    let place = directory.path().to_path_buf();
    thread::spawn(move || {
        assert_eq!(confine_reader(Reads::Live).missing, Vec::<String>::new());
        assert!(TcpListener::bind("127.0.0.1:0").is_err());
        assert!(fs::write(place.join("new"), "").is_err());
        assert!(fs::write(place.join("file"), "changed").is_err());
        assert!(fs::remove_file(place.join("file")).is_err());
        assert!(fs::rename(place.join("file"), place.join("other")).is_err());
        assert_eq!(Root::live().read(place.join("file"), 64).unwrap(), b"read me");
        assert!(DeviceWatch::open().is_ok(), "netlink stays");
    })
    .join()
    .unwrap();
    assert!(TcpListener::bind("127.0.0.1:0").is_ok(), "other threads keep the network");
}

#[test]
fn a_thread_that_may_not_write_keeps_its_own_directory() {
    run_alone("alone_writes");
}

#[test]
#[ignore = "confines its thread; run by `a_thread_that_may_not_write_keeps_its_own_directory`"]
fn alone_writes() {
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (state, elsewhere) = (own.path().join("state"), other.path().join("file"));
    let directory = own.path().to_path_buf();
    let confinement = thread::spawn(move || {
        let confinement = confine_writes(&[directory.as_path()]);
        if confinement.missing.is_empty() {
            assert!(fs::write(&state, "kept").is_ok());
            assert!(fs::write(&elsewhere, "").is_err());
            assert!(fs::read(Path::new("/etc/passwd")).is_ok());
        }
        confinement
    })
    .join()
    .unwrap();
    // A kernel without Landlock says so; one that has it was held to it above.
    assert_eq!(confinement.applied.len() + confinement.missing.len(), 1);
}
