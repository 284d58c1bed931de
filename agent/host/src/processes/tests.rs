#![cfg(unix)]

use std::sync::Arc;

use bearing_protocol::fact::{Facts, User};

use super::read;
use crate::{gaps::Why, reading::Unread, testing::Machine};

#[test]
fn a_captured_process_is_read_from_whatever_files_it_has() {
    let machine = Machine::new();
    machine
        .file("/proc/stat", "cpu 1 2\nbtime 1790000000\n")
        .file("/proc/412/stat", "412 (up) date) S 1 412 412 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 1234 0 0")
        .file("/proc/412/status", "Name:\tup) date\nPPid:\t1\nUid:\t1000\t1000\t1000\t1000\n")
        .file("/proc/412/cmdline", "[kworker/0:1]\0--x\0")
        .file("/proc/412/cgroup", "0::/user.slice/user-1000.slice/session-3.scope\n")
        .link("/proc/412/exe", "/tmp/.x/frpc (deleted)")
        .link("/proc/412/cwd", "/home/anna")
        .file("/proc/500/comm", "xrdp\n")
        .link("/proc/500/exe", "/usr/sbin/xrdp")
        .directory("/proc/600");
    let mut context = machine.context();
    let anna = User { name: "anna".to_owned(), uid: "1000".to_owned(), ..User::default() };
    context.earlier = Arc::new(Facts { users: vec![anna], ..Facts::default() });
    let reading = read(&context).unwrap();
    assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
    let [renamed, xrdp] = &reading.value[..] else { panic!("{:?}", reading.value) };
    assert_eq!((renamed.name.as_str(), renamed.user.as_deref()), ("up) date", Some("anna")));
    assert_eq!((renamed.executable.as_deref(), renamed.deleted), (Some("/tmp/.x/frpc"), true));
    assert_eq!((renamed.session.as_deref(), renamed.kernel_thread), (Some("3"), false));
    assert_eq!(renamed.working_directory.as_deref(), Some("/home/anna"));
    assert_eq!(renamed.started_at.map(bearing_protocol::Timestamp::as_second), Some(1_790_000_012));
    assert_eq!((xrdp.pid, xrdp.name.as_str(), xrdp.started_at), (500, "xrdp", None));
}

#[test]
fn hostile_files_cost_one_process_its_values_and_no_other() {
    let machine = Machine::new();
    machine
        .file("/proc/7/stat", [0xff, 0, b')', b'(', 0x1b])
        .file("/proc/7/cmdline", vec![b'x'; 2 * 1024 * 1024])
        .file("/proc/8/stat", "no process at all")
        .file("/proc/8/status", vec![b'y'; 200 * 1024])
        .file("/proc/9/comm", "sane\n")
        .fifo("/proc/9/cmdline");
    let reading = read(&machine.context()).unwrap();
    let names: Vec<_> = reading.value.iter().map(|p| (p.pid, p.name.as_str())).collect();
    assert_eq!(names, [(7, ""), (9, "sane")]);
    assert_eq!(reading.gaps.count("command lines", Why::OverLimit), 1);
    assert_eq!(reading.gaps.count("command lines", Why::Malformed), 1);
    assert_eq!(reading.gaps.count("process files", Why::OverLimit), 1);
}

#[test]
fn a_copy_without_processes_is_not_a_machine_without() {
    let machine = Machine::new();
    machine.file("/proc/version", "Linux\n");
    assert!(matches!(read(&machine.context()), Err(Unread::Unsupported(_))));
    assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
}
