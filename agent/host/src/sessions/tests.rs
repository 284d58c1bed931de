#![cfg(unix)]

use bearing_protocol::fact::LoginSession;

use super::{add_records, read, utmp::UtmpRecord};
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

#[test]
fn utmp_adds_only_what_logind_lacks() {
    let mut sessions = vec![LoginSession {
        user: "anna".to_owned(),
        terminal: Some("pts/0".to_owned()),
        ..LoginSession::default()
    }];
    let record = |line: &str| UtmpRecord {
        pid: 1,
        line: line.to_owned(),
        user: "anna".to_owned(),
        host: "198.51.100.7".to_owned(),
        seconds: 0,
    };
    add_records(&mut sessions, [record("pts/0"), record("pts/1")].into_iter());
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[1].remote, Some(true));
}
