//! The collectors on captured machines: real gadgets on a real kernel (`captures`).

#![cfg(unix)]

use std::{collections::BTreeSet, path::Path};

use bearing_host::{Collection, Root, clock::SystemClock, collect};
use bearing_protocol::{
    coverage::{Source, Status},
    fact::{Facts, HidBus, InterfaceKind, MachineKind, UsbDevice, UsbSpeed},
    plan::Plan,
};

/// What a captured machine shows of its devices and network.
#[expect(clippy::unwrap_used, reason = "a part of the tests")]
fn facts(name: &str) -> Facts {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../captures").join(name);
    let sources = BTreeSet::from([
        Source::Machine,
        Source::Boot,
        Source::Usb,
        Source::Hid,
        Source::Input,
        Source::Storage,
        Source::Displays,
        Source::Interfaces,
        Source::TimeZone,
    ]);
    let root = Root::sysroot(&directory).unwrap();
    let facts = collect(&root, &Collection { sources: sources.clone(), plan: Plan::default() }, &SystemClock);
    for line in facts.coverage.iter().filter(|line| sources.contains(&line.source)) {
        let partial = line.source == Source::Interfaces;
        let expected = if partial { Status::Partial } else { Status::Ok };
        assert_eq!(line.status, expected, "{name}: {}: {}", line.source, line.detail);
    }
    facts
}

#[expect(clippy::unwrap_used, reason = "a part of the tests")]
fn plugged<'a>(facts: &'a Facts, path: &str) -> &'a UsbDevice {
    facts.usb.iter().find(|device| device.path == path).unwrap()
}

fn triplets(device: &UsbDevice) -> Vec<(u8, u8, u8, u8)> {
    device.interfaces.iter().map(|i| (i.number, i.class, i.subclass, i.protocol)).collect()
}

#[test]
fn a_pikvm_is_read_whole() {
    let facts = facts("pikvm-default");
    let device = plugged(&facts, "3-1");
    assert_eq!((device.vendor_id, device.product_id), (0x1d6b, 0x0104));
    assert_eq!(device.product.as_deref(), Some("PiKVM Composite Device"));
    assert_eq!((device.parent.as_deref(), device.speed), (Some("usb3"), Some(UsbSpeed::High)));
    assert_eq!((device.max_power_ma, device.descriptors.len()), (Some(250), 125));
    assert_eq!(triplets(device), [(0, 3, 1, 1), (1, 3, 0, 0), (2, 3, 1, 2), (3, 8, 6, 80)]);
    assert_eq!(device.interfaces[3].driver.as_deref(), Some("usb-storage"));
    assert_eq!(device.interfaces[3].name.as_deref(), Some("Mass Storage"));
    let hid: Vec<_> =
        facts.hid.iter().map(|hid| (hid.bus, hid.usb_path.as_deref(), hid.usb_interface)).collect();
    assert_eq!(hid, [0, 1, 2].map(|interface| (HidBus::Usb, Some("3-1"), Some(interface))));
    assert!(facts.hid.iter().all(|hid| hid.report_descriptor.ends_with(&[0xc0])), "whole descriptors");
    let optical = facts.storage.iter().find(|storage| storage.name == "sr0").unwrap();
    assert_eq!((optical.vendor.as_deref(), optical.usb_path.as_deref()), (Some("PiKVM   "), Some("3-1")));
    assert_eq!(facts.input.iter().filter(|input| input.usb_path.is_some()).count(), 3);
    assert_eq!((facts.displays[0].connected, facts.displays[0].edid.len()), (Some(true), 256));
    assert_eq!(facts.machine.kind, MachineKind::Vm);
    assert_eq!(facts.time_zone.name.as_deref(), Some("Europe/Berlin"));
}

#[test]
fn a_disguise_and_a_keyboard_say_the_same_and_are_not() {
    let (disguise, genuine) = (facts("pikvm-as-dell-keyboard"), facts("dell-keyboard"));
    let (disguise, genuine) = (plugged(&disguise, "3-1"), plugged(&genuine, "1-1"));
    let said = |device: &UsbDevice| (device.vendor_id, device.product_id, device.product.clone());
    assert_eq!(said(disguise), said(genuine));
    assert_eq!((disguise.speed, genuine.speed), (Some(UsbSpeed::High), Some(UsbSpeed::Low)));
    assert_eq!(triplets(genuine), [(0, 3, 1, 1)]);
    assert_eq!(triplets(disguise).len(), 4);
    assert_ne!(disguise.descriptors, genuine.descriptors);
}

#[test]
fn a_network_interface_names_its_usb_device() {
    let facts = facts("network-gadget");
    let interface = facts.network.interfaces.iter().find(|i| i.usb_path.is_some()).unwrap();
    assert_eq!((interface.kind, interface.usb_path.as_deref()), (InterfaceKind::Ethernet, Some("3-1")));
    assert_eq!(interface.driver.as_deref(), Some("cdc_ether"));
}
