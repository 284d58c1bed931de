#![cfg(unix)]

use super::read;
use crate::{reading::Unread, testing::Machine};

#[test]
fn a_listener_is_tied_to_the_process_that_holds_it() {
    let machine = Machine::new();
    machine
        .file("/proc/1/net/tcp", "head\n 0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 1000 0 77 1\n")
        .link("/proc/412/fd/0", "/dev/null")
        .link("/proc/412/fd/3", "socket:[77]")
        .link("/proc/412/fd/4", "socket:[77]")
        .link("/proc/413/fd/4", "socket:[77]");
    let reading = read(&machine.context()).unwrap();
    let [listener] = &reading.value[..] else { panic!("{:?}", reading.value) };
    assert_eq!((listener.local_port, &listener.pids[..]), (22, &[412, 413][..]));
    assert_eq!(listener.uid.as_deref(), Some("1000"));
    assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
}

#[test]
fn no_table_is_no_empty_list() {
    assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
}
