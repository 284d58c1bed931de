#![cfg(unix)]

use super::{Home, homes, read};
use crate::testing::Machine;

fn machine() -> Machine {
    let machine = Machine::new();
    machine
        .file("/etc/passwd", "root:x:0:0::/root:/bin/bash\nanna:x:1000:1000::/home/anna:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/zsh\ncarl:x:1002:1002::/home/carl:/bin/sh\ndora:x:1003:1003::/home/dora:/bin/sh\nsvc:x:990:990::/srv/svc:/bin/sh\n")
        .file("/etc/group", "sudo:x:27:anna\nops:x:500:carl\nanna:x:1000:\n")
        .file("/etc/sudoers", "root ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n")
        .file("/etc/sudoers.d/bob", "bob ALL=(ALL) NOPASSWD: ALL\n")
        .file("/etc/sudoers.d/bob.bak", "dora ALL=(ALL) ALL\n")
        .file("/etc/sudoers.d/ops", "%ops ALL=(ALL) ALL\n@include sudoers.d/ops\n");
    machine
}

#[test]
fn administrators_come_with_their_reason() {
    let reading = read(&machine().context()).unwrap();
    let reason = |name: &str| {
        let user = reading.value.iter().find(|user| user.name == name).unwrap();
        assert_eq!(user.administrator, user.administrator_by.is_some());
        user.administrator_by.clone()
    };
    assert_eq!(reason("root").as_deref(), Some("uid 0"));
    assert_eq!(reason("anna").as_deref(), Some("group `sudo`"));
    assert_eq!(reason("bob").as_deref(), Some("rule in `/etc/sudoers.d/bob`"));
    assert_eq!(reason("carl").as_deref(), Some("rule in `/etc/sudoers.d/ops`"));
    assert_eq!(reason("dora"), None);
    assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
}

#[test]
fn a_directory_service_s_people_are_a_gap_but_their_homes_are_found() {
    let machine = machine();
    machine.file("/etc/nsswitch.conf", "passwd: files sss\n").directory("/home/erin@corp").directory("/root");
    let context = machine.context();
    assert!(read(&context).unwrap().gaps.describe().contains("directory service"));
    let homes = homes(&context);
    assert!(homes.contains(&Home { user: "erin@corp".to_owned(), path: "/home/erin@corp".to_owned() }));
    assert!(homes.contains(&Home { user: "anna".to_owned(), path: "/home/anna".to_owned() }));
    assert!(!homes.iter().any(|home| home.path == "/srv/svc"));
    assert_eq!(homes.iter().filter(|home| home.path == "/root").count(), 1);
}
