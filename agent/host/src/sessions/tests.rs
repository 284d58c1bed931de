#![cfg(unix)]

use std::sync::Arc;

use bearing_protocol::fact::{Facts, LoginSession, Process};

use super::{add_record, parse_session, read, utmp::UtmpRecord};
use crate::{reading::Unread, testing::Machine};

#[test]
fn logind_and_utmp_are_put_together() {
    let machine = Machine::new();
    machine
        .file("/run/systemd/sessions/3", "USER=anna\nREMOTE=1\nREMOTE_HOST=198.51.100.7\nTTY=pts/0\nTYPE=tty\nCLASS=user\nSERVICE=sshd\nLEADER=412\n")
        .file("/run/systemd/sessions/c1", "USER=gdm\nCLASS=greeter\nSEAT=seat0\n")
        .fifo("/run/systemd/sessions/3.ref")
        .file("/proc/412/environ", "SECRET=x\0TZ=Asia/Tokyo\0")
        .file("/run/utmp", include_bytes!("../../captures/linux-6.18/utmp"));
    let reading = read(&machine.context()).unwrap();
    let found: Vec<_> = reading.value.iter().map(|s| (s.terminal.as_deref(), s.remote)).collect();
    assert_eq!(found, [(Some("pts/0"), Some(true)), (Some("tty2"), Some(false))]);
    assert_eq!(reading.value[0].time_zone.as_deref(), Some("Asia/Tokyo"));
    assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
}

#[test]
fn no_record_of_sessions_is_not_nobody_signed_in() {
    assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
}

fn record(pid: u32, line: &str, seconds: i64) -> UtmpRecord {
    let host = "198.51.100.7".to_owned();
    UtmpRecord { pid, line: line.to_owned(), user: "anna".to_owned(), host, seconds }
}

#[test]
fn utmp_adds_only_what_logind_lacks() {
    let with_terminal = LoginSession {
        user: "anna".to_owned(),
        terminal: Some("pts/0".to_owned()),
        ..LoginSession::default()
    };
    let mut sessions = vec![with_terminal];
    add_record(&mut sessions, record(1, "pts/0", 0), None);
    assert_eq!(sessions.len(), 1);
    add_record(&mut sessions, record(2, "pts/1", 0), None);
    assert_eq!((sessions.len(), sessions[1].remote), (2, Some(true)));
}

#[test]
fn one_ssh_session_in_both_records_is_one() {
    // Captured from a real sign-in: logind names no terminal, utmp names another process than the leader.
    let text = include_str!("../../captures/linux-6.18/logind_session_ssh");
    let (session, leader) = parse_session(text).unwrap();
    assert_eq!((session.remote, session.service.as_deref(), leader), (Some(true), Some("sshd"), Some(39)));
    for (seconds, known, expected) in [(1_795_597_411, None, 1), (0, Some(0), 1), (1_795_597_500, None, 2)] {
        let mut sessions = vec![session.clone()];
        add_record(&mut sessions, record(54, "pts/1", seconds), known);
        assert_eq!(sessions.len(), expected, "{seconds}");
        assert_eq!(sessions[expected - 1].terminal.as_deref(), Some("pts/1"));
    }
}

#[test]
fn the_zone_of_a_session_s_first_processes_is_found() {
    let machine = Machine::new();
    machine
        .file("/run/systemd/sessions/1", include_str!("../../captures/linux-6.18/logind_session_ssh"))
        .file("/proc/39/environ", "LANG=C\0")
        .file("/proc/55/environ", "TZ=Asia/Tokyo\0")
        .file("/proc/56/environ", "TZ=Asia/Seoul\0");
    let mut context = machine.context();
    let process =
        |pid, session: &str| Process { pid, session: Some(session.to_owned()), ..Process::default() };
    let processes = vec![process(39, "1"), process(54, "1"), process(55, "1"), process(56, "2")];
    context.earlier = Arc::new(Facts { processes, ..Facts::default() });
    assert_eq!(read(&context).unwrap().value[0].time_zone.as_deref(), Some("Asia/Tokyo"));
}
