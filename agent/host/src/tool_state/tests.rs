use std::sync::Arc;

use bearing_protocol::fact::{BindingKind, Facts, Process, Unit};

use super::*;
use proptest::prelude::*;

use crate::testing::Machine;

fn machine() -> Machine {
    let machine = Machine::new();
    machine.file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n");
    machine
}

#[test]
fn settings_of_tools_are_found_where_they_lie() {
    let machine = machine();
    machine
        .file(
            "/etc/teamviewer/global.conf",
            "[int32] ClientID = 7\n[strng] OwningManagerCompanyName = \"Example\"\n",
        )
        .link("/opt/teamviewer/config", "/etc/teamviewer")
        .file("/etc/anydesk/system.conf", "ad.anynet.id=1\n")
        .file("/etc/anydesk/service.conf", "ad.anynet.pwd_hash=c0ffee\n")
        .file("/home/anna/.config/otherdesk/Otherdesk2.toml", "rendezvous_server = 'x.example.org:1'\n")
        .file("/home/anna/.config/otherdesk/Otherdesk.toml", "enc_id = 'x'\npassword = 'y'\n")
        .file("/home/anna/.config/tool/other2.toml", "name = 'x'\n")
        .directory("/opt/connectwisecontrol-0123456789abcdef")
        .file("/var/lib/zerotier-one/networks.d/8056c2e21c000001.conf", "secret")
        .file("/var/lib/zerotier-one/networks.d/8056c2e21c000001.local.conf", "allowDefault=1\n")
        .file("/home/anna/.config/tigervnc/passwd", "secret");
    let reading = read(&machine.context()).unwrap();
    let found: Vec<_> =
        reading.value.iter().map(|s| (s.product.as_str(), s.location.as_str(), s.user.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("anydesk", "/etc/anydesk/service.conf", None),
            ("rustdesk", "/home/anna/.config/otherdesk/Otherdesk2.toml", Some("anna")),
            ("screenconnect", "/opt/connectwisecontrol-0123456789abcdef", None),
            ("teamviewer", "/etc/teamviewer/global.conf", None),
            ("tigervnc", "/home/anna/.config/tigervnc/passwd", Some("anna")),
            ("zerotier", "/var/lib/zerotier-one/networks.d/8056c2e21c000001.conf", None),
        ]
    );
    assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
}

#[test]
fn what_cannot_be_read_is_told() {
    let machine = machine();
    machine
        .file("/var/lib/tailscale/tailscaled.state", "encrypted")
        .fifo("/etc/xrdp/xrdp.ini")
        .link("/etc/netbird/config.json", "config.json")
        .file("/home/anna/.vnc/config", vec![b'x'; MAX_BYTES + 1]);
    let reading = read(&machine.context()).unwrap();
    assert!(reading.value.is_empty(), "{:?}", reading.value);
    assert_eq!(reading.gaps.count("tool settings", Why::Malformed), 2, "{}", reading.gaps.describe());
    assert_eq!(reading.gaps.count("tool settings", Why::OverLimit), 1);
    assert_eq!(reading.gaps.count("tool settings", Why::Failed), 1, "a link that leads to itself");
}

#[test]
fn agents_under_any_name_are_told_by_the_file_beside_them() {
    let machine = machine();
    machine
        .file("/srv/updater/helper.msh", "MeshServer=wss://mesh.example.org:443/agent.ashx\nServerID=AB\n")
        .file("/srv/work/frpc.ini", "[common]\nserver_addr = frp.example.org\n")
        .file("/srv/work/client.toml", "serverAddr = \"other.example.org\"\n");
    let mut context = machine.context();
    let process = |executable: &str, arguments: &[&str]| Process {
        pid: 7,
        executable: Some(executable.to_owned()),
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        working_directory: Some("/srv/work".to_owned()),
        user: Some("anna".to_owned()),
        ..Process::default()
    };
    let unit = Unit {
        path: "/etc/systemd/system/tunnel.service".to_owned(),
        command: Some(
            "/usr/bin/cloudflared tunnel run --token eyJhIjoiYWNjIiwidCI6InRpZCIsInMiOiJVMFZEVWtWVSJ9"
                .to_owned(),
        ),
        ..Unit::default()
    };
    context.earlier = Arc::new(Facts {
        processes: vec![
            process("/srv/updater/helper", &["helper"]),
            process("/srv/x", &["x", "-c", "client.toml"]),
            process("/usr/bin/java", &["java", "?e=Access&y=Guest&h=relay.example.com&p=443&k=SECRET"]),
        ],
        units: vec![unit],
        ..Facts::default()
    });
    let reading = read(&context).unwrap();
    let found: Vec<_> = reading
        .value
        .iter()
        .map(|s| (s.product.as_str(), s.location.as_str(), s.bindings.last().unwrap().value.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("cloudflared", "/etc/systemd/system/tunnel.service", "tid"),
            ("frp", "/srv/work/client.toml", "other.example.org"),
            ("frp", "/srv/work/frpc.ini", "frp.example.org"),
            ("meshcentral", "/srv/updater/helper.msh", "mesh.example.org"),
            ("screenconnect", "/proc/7/cmdline", "relay.example.com"),
        ]
    );
    assert!(reading.value.iter().any(|s| s.bindings[0].kind == BindingKind::Tenant));
    assert!(!format!("{:?}", reading.value).contains("SECRET"));
    assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        text in "(ad\\.anynet\\.(alias|pwd_hash)|MeshServer|\\[options\\]|serverAddr|tunnel|[=:@'\"\\[\\]{}/?&.\\n a0-]|[é…])*",
    ) {
        for (_, _, form) in FILES {
            for bytes in [noise.as_slice(), text.as_bytes()] {
                match form {
                    Content(parse) | Maybe(parse) => drop(parse(bytes)),
                    Several(parse) => drop(parse(bytes)),
                    Path(parse) => drop(parse(&text)),
                }
            }
        }
        let _ = (tunnel::parse_cloudflared_token(&text), screen_connect::parse_command(text.split(' ')));
    }
}
