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
    let items = take(&facts(), &Catalogue::embedded(), &Policy::default(), &tenant);
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
    let items = take(&facts, &Catalogue::embedded(), &Policy::default(), &tenant);
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
    assert!(take(&facts(), &Catalogue::embedded(), &policy, &tenant).is_empty());
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
