#![cfg(unix)]

use super::read;
use crate::{gaps::Why, reading::Unread, testing::Machine};

#[test]
fn included_files_are_found_in_order() {
    let machine = Machine::new();
    machine
        .file(
            "/etc/ssh/sshd_config",
            "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\nPort 22\n",
        )
        .file("/etc/ssh/sshd_config.d/10-a.conf", "PasswordAuthentication no\nPort 2222\n")
        .file("/etc/ssh/sshd_config.d/20-b.conf", "GatewayPorts yes\n")
        .file("/etc/ssh/sshd_config.d/30-c.txt", "Port 1\n")
        .fifo("/etc/ssh/sshd_config.d/40-d.conf");
    let reading = read(&machine.context()).unwrap();
    let server = reading.value.unwrap();
    assert_eq!((&server.ports[..], server.password_authentication), (&[2222, 22][..], Some(false)));
    assert_eq!(server.gateway_ports.as_deref(), Some("yes"));
    assert_eq!(server.files.len(), 3);
    assert_eq!(reading.gaps.count("included files", Why::Malformed), 1);
}

#[test]
fn no_configuration_is_no_server_and_no_etc_is_no_answer() {
    let machine = Machine::new();
    machine.directory("/etc");
    assert_eq!(read(&machine.context()).unwrap().value, None);
    assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
}
