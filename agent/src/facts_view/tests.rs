use std::collections::BTreeSet;

use bearing_protocol::fact::{
    Artefact, AuthorizedKeys, Autostart, Binding, BindingKind, BrowserExtension, Container, Display,
    Executable, Facts, ForwardKind, Gateway, HidDevice, Interface, LoginSession, Package, Process,
    ScreenGrant, Socket, SocketState, SshForward, StorageDevice, ToolState, Unit, UsbDevice, User,
};
use serde_json::Value;

use super::*;

/// Facts in which every list has one item, so that every field shows.
fn full_facts() -> Value {
    let mut facts = Facts::default();
    facts.processes.push(Process::default());
    facts.executables.push(Executable::default());
    facts.sockets.push(Socket {
        protocol: bearing_protocol::fact::Protocol::Tcp,
        state: SocketState::Listening,
        local: "127.0.0.1".parse().unwrap(),
        local_port: 1,
        remote: None,
        remote_port: None,
        pids: Vec::new(),
        uid: None,
    });
    facts.units.push(Unit::default());
    facts.packages.push(Package::default());
    facts.autostart.push(Autostart::default());
    facts.artefacts.push(Artefact::default());
    let binding = Binding { kind: BindingKind::Tenant, value: "x".to_owned() };
    facts.tool_states.push(ToolState { bindings: vec![binding], ..ToolState::default() });
    facts.screen_grants.push(ScreenGrant::default());
    facts.ssh_forwards.push(SshForward {
        path: String::new(),
        user: None,
        hosts: Vec::new(),
        kind: ForwardKind::Remote,
        specification: String::new(),
        kept_up: false,
    });
    facts.browser_extensions.push(BrowserExtension::default());
    facts.containers.push(Container::default());
    facts.users.push(User::default());
    facts.sessions.push(LoginSession::default());
    facts.authorized_keys.push(AuthorizedKeys::default());
    facts.usb.push(UsbDevice { descriptors: vec![1], ..UsbDevice::default() });
    facts.hid.push(HidDevice::default());
    facts.storage.push(StorageDevice::default());
    facts.displays.push(Display { edid: vec![1], ..Display::default() });
    facts.network.interfaces.push(Interface::default());
    facts.network.gateways.push(Gateway {
        address: "127.0.0.1".parse().unwrap(),
        interface: String::new(),
        mac: None,
    });
    facts.network.egress.push(bearing_protocol::fact::Egress::default());
    facts.radios.location = Some(bearing_protocol::fact::LocationSwitch::default());
    serde_json::to_value(facts).unwrap()
}

/// Every path to a leaf, stopping where the table lists the whole.
fn paths(value: &Value, prefix: &str, listed: &BTreeSet<&str>, found: &mut BTreeSet<String>) {
    if !prefix.is_empty() && listed.contains(prefix) {
        found.insert(prefix.to_owned());
        return;
    }
    let join = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| paths(value, &join(name), listed, found));
        }
        Value::Array(items) if !items.is_empty() && items[0].is_object() => {
            paths(&items[0], &format!("{prefix}[]"), listed, found);
        }
        _ => {
            found.insert(prefix.to_owned());
        }
    }
}

#[test]
fn every_field_of_the_facts_is_in_the_table_and_nothing_else() {
    let listed: BTreeSet<&str> = TABLE.iter().map(|field| field.path).collect();
    assert_eq!(listed.len(), TABLE.len(), "a field stands in the table twice");
    let mut found = BTreeSet::new();
    paths(&full_facts(), "", &listed, &mut found);
    let listed: BTreeSet<String> = listed.into_iter().map(str::to_owned).collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(
        unlisted.is_empty() && gone.is_empty(),
        "not in the table: {unlisted:?}; only in the table: {gone:?}"
    );
}

#[test]
fn privacy_md_holds_the_same_table() {
    let document = include_str!("../../../PRIVACY.md");
    let rows: BTreeSet<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: BTreeSet<String> = TABLE
        .iter()
        .map(|f| format!("| `{}` | {} | {} | {} |", f.path, f.source, f.leaves.as_str(), f.what))
        .collect();
    let missing: Vec<&String> = expected.iter().filter(|row| !rows.contains(row.as_str())).collect();
    let stale: Vec<&&str> = rows.iter().filter(|row| !expected.contains(**row)).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "PRIVACY.md lacks {missing:#?}\nand still has {stale:#?}"
    );
}
