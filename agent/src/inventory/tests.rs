use bearing_protocol::{
    fact::{Binding, BindingKind, Display, Gateway, Interface, InterfaceKind, ToolState, UsbDevice},
    payload::InventoryValue,
};

use super::*;

const SERIAL: &str = "F00DSERIAL0815";
const MAC: &str = "02:00:5e:10:00:07";

fn facts() -> Facts {
    let mut facts = Facts::default();
    facts.usb.push(UsbDevice {
        path: "1-1".into(),
        vendor_id: 0x413c,
        product_id: 0x2011,
        product: Some("Dell\u{1b}[31m Keyboard".into()),
        serial: Some(SERIAL.into()),
        descriptors: vec![18, 1],
        ..UsbDevice::default()
    });
    facts.network.interfaces.push(Interface {
        name: "eth0".into(),
        kind: InterfaceKind::Ethernet,
        mac: Some(MAC.into()),
        addresses: vec!["192.0.2.7".parse().unwrap()],
        ..Interface::default()
    });
    facts.network.gateways.push(Gateway {
        address: "192.0.2.1".parse().unwrap(),
        interface: "eth0".into(),
        mac: Some(MAC.into()),
    });
    facts
}

#[test]
fn serials_addresses_and_escapes_do_not_leave() {
    let tenant = TenantKey::from_hex("t", &"07".repeat(32)).unwrap();
    let items = take(&facts(), &Catalogue::embedded(), &Policy::default(), &tenant, &Beside::default());
    let json = serde_json::to_string(&items).unwrap();
    for secret in [SERIAL, MAC, "192.0.2", "\\u001b"] {
        assert!(!json.contains(secret), "{secret} in {json}");
    }
    let usb = items.iter().find_map(|(_, item)| match item {
        InventoryValue::Usb(usb) => Some(usb),
        _ => None,
    });
    assert_eq!(usb.unwrap().serial.as_ref().unwrap().len(), 16);
    assert_eq!(usb.unwrap().descriptors, [18, 1]);
}

#[test]
fn an_edid_leaves_without_its_serial() {
    let text = include_str!("../../../protocol/descriptors/captures/edid-pikvm-v2.hex");
    let text: String = text.split_whitespace().collect();
    let edid: Vec<u8> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect();
    let mut facts = Facts::default();
    facts.displays.push(Display { connector: "card0-DP-1".into(), edid, ..Display::default() });
    let tenant = TenantKey::from_hex("t", &"07".repeat(32)).unwrap();
    let items = take(&facts, &Catalogue::embedded(), &Policy::default(), &tenant, &Beside::default());
    let display = items.iter().find_map(|(_, item)| match item {
        InventoryValue::Display(display) => Some(display),
        _ => None,
    });
    let left = &display.unwrap().edid;
    assert_eq!(left.len(), 256);
    assert!(!left.windows(8).any(|part| part == b"CAFEBABE"));
}

#[test]
fn policy_switches_the_inventory_off() {
    let tenant = TenantKey::from_hex("t", &"07".repeat(32)).unwrap();
    let policy = Policy::profile("privacy-eu").unwrap();
    assert!(take(&facts(), &Catalogue::embedded(), &policy, &tenant, &Beside::default()).is_empty());
}

#[test]
fn whom_a_tool_answers_to_leaves_as_digests() {
    let tenant = TenantKey::from_hex("t", &"07".repeat(32)).unwrap();
    let catalogue = Catalogue::embedded();
    let state = |product: &str| ToolState {
        product: product.to_owned(),
        bindings: vec![Binding { kind: BindingKind::Network, value: "Corp.example.com".to_owned() }],
        ..ToolState::default()
    };
    let facts = Facts { tool_states: vec![state("tailscale"), state("unheard-of")], ..Facts::default() };
    let mut items = Vec::new();
    software::add_bindings(&mut items, &facts, &catalogue, &tenant);
    assert_eq!(items.len(), 1, "what the catalogue does not know stays");
    assert_eq!(items[0].states, ["configured"]);
    let digest = tenant.pseudonym(crate::tenant::Kind::Binding, "corp.example.com");
    assert_eq!(items[0].answers_to, [format!("network {digest}")]);
    assert!(!format!("{items:?}").to_lowercase().contains("corp"));
}

#[test]
fn of_neighbours_only_colleagues_leave_and_a_flood_is_bounded() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use bearing_protocol::{api::NeighbourFilter, fact::Neighbour};
    let tenant = TenantKey::from_hex("t", &"07".repeat(32)).unwrap();
    let colleague = "3c:84:6a:01:02:03";
    let digest = tenant.pseudonym(crate::tenant::Kind::Mac, colleague);
    let prefix = hex::decode(&digest[..8]).unwrap();
    let filter = NeighbourFilter { version: "0a".into(), prefixes: STANDARD.encode(prefix) };
    let beside = Beside { colleagues: Colleagues::of(&filter).unwrap().into(), ..Beside::default() };
    let neighbour = |n: u32, mac: String| Neighbour {
        address: std::net::Ipv4Addr::from(n).into(),
        mac,
        interface: "eth0".into(),
    };
    let mut facts = facts();
    facts.network.neighbours.push(neighbour(1, "3C:84:6A:01:02:03".into()));
    facts.network.neighbours.push(neighbour(2, "30:52:53:01:02:03".into()));
    facts.network.neighbours.extend(
        (3..20_000).map(|n| {
            neighbour(n, format!("3e:00:00:{:02x}:{:02x}:{:02x}", n >> 16, (n >> 8) & 255, n & 255))
        }),
    );
    let items = take(&facts, &Catalogue::embedded(), &Policy::default(), &tenant, &beside);
    let place = items.iter().find_map(|(_, item)| match item {
        InventoryValue::Place(place) => Some(place),
        _ => None,
    });
    let place = place.unwrap();
    assert_eq!(place.neighbours, [digest]);
    let kvm = tenant.pseudonym(crate::tenant::Kind::Mac, "30:52:53:01:02:03");
    assert_eq!(place.kvm_neighbours, [kvm]);
    let none = take(&facts, &Catalogue::embedded(), &Policy::default(), &tenant, &Beside::default());
    let json = serde_json::to_string(&none).unwrap();
    assert!(!json.contains("\"neighbours\""), "{json}");
}

#[test]
fn the_hardware_leaves_as_digests_of_what_is_built_in() {
    use bearing_host::machine::HardwareNumbers;
    let tenant = TenantKey::from_hex("t", &"07".repeat(32)).unwrap();
    let numbers = HardwareNumbers {
        system: Some("4c4c4544-0042-3510-8053-b4c04f4a3233".into()),
        board: Some("L1HF65E00X9".into()),
        disks: vec!["S5GXNX0T123456".into()],
    };
    let mut facts = facts();
    let card = |name: &str, usb: Option<&str>, mac: &str| Interface {
        name: name.into(),
        kind: InterfaceKind::Ethernet,
        driver: Some("e1000e".into()),
        usb_path: usb.map(str::to_owned),
        permanent_mac: Some(mac.into()),
        ..Interface::default()
    };
    facts.network.interfaces.push(card("eth1", None, "3c:84:6a:01:02:04"));
    facts.network.interfaces.push(card("dock0", Some("1-4"), "3c:84:6a:01:02:05"));
    let beside = Beside { numbers, ..Beside::default() };
    let hardware = |policy: &Policy| {
        let items = take(&facts, &Catalogue::embedded(), policy, &tenant, &beside);
        items.into_iter().find_map(|(_, item)| match item {
            InventoryValue::Hardware(hardware) => Some(hardware),
            _ => None,
        })
    };
    let item = hardware(&Policy::default()).unwrap();
    let built_in = tenant.pseudonym(crate::tenant::Kind::Mac, "3c:84:6a:01:02:04");
    assert_eq!(item.interfaces, [built_in], "what hangs on USB is a dock's");
    assert!(item.system.is_some() && item.board.is_some() && item.disks.len() == 1);
    let text = format!("{item:?}");
    assert!(!text.contains("L1HF65E00X9") && !text.contains("4c4c4544") && !text.contains("S5GX"));
    let off = Policy::default().with_families(&[Family::Kvm]);
    assert_eq!(hardware(&off), None);
}
