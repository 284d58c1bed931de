//! Real captures, where a directory of them lies beside the workspace; the crate's own samples everywhere.
//!
//! The captures are public collections under their own licences and are not part of this project. Where they are
//! missing the tests say so and check the committed samples alone.

#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails its test")]

use std::{fs, path::PathBuf};

use bearing_descriptors::{edid, hid, usb};

fn captures() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    if beside.is_dir() {
        return Some(beside);
    }
    println!("no captures beside the workspace: only committed samples are checked");
    None
}

/// Every `"hex":"…"` of a JSON file, without a JSON parser: the crate has none and needs none.
fn hex_fields(text: &str) -> impl Iterator<Item = Vec<u8>> {
    text.split("\"hex\":\"").skip(1).filter_map(|rest| hex::decode(rest.split('"').next()?).ok())
}

#[test]
fn real_report_descriptors_are_read_or_refused_by_name() {
    let Some(directory) = captures() else { return };
    let text = fs::read_to_string(directory.join("hid-real.json")).unwrap();
    let (mut whole, mut named) = (0, 0);
    for bytes in hex_fields(&text) {
        let (descriptor, error) = hid::parse_prefix(&bytes);
        assert!(!descriptor.keys().is_empty() || error.is_some() || descriptor.collections.is_empty());
        // Nine captures break the standard: seven close a collection too many, one is cut, one stays open.
        match error {
            None => whole += 1,
            Some(_) => named += 1,
        }
    }
    assert!(whole + named > 900, "{} descriptors", whole + named);
    assert!(
        named * 100 <= whole + named,
        "{named} of {} with an error: more than one in a hundred",
        whole + named
    );
}

#[test]
fn keyboards_and_tablets_of_the_captures_are_told_apart() {
    let Some(directory) = captures() else { return };
    let text = fs::read_to_string(directory.join("hid-real.json")).unwrap();
    let keys: Vec<_> = hex_fields(&text).flat_map(|bytes| hid::parse_prefix(&bytes).0.keys()).collect();
    let keyboards = keys.iter().filter(|key| key.is_keyboard()).count();
    let absolute = keys.iter().filter(|key| key.is_absolute_pointer()).count();
    assert!(keyboards > 80, "{keyboards} keyboards");
    // Hypervisors' tablets, and a few tablets whose mouse interface names no Digitizer page.
    assert!(absolute * 50 < keys.len(), "{absolute} absolute pointers of {}", keys.len());
}

#[test]
fn the_committed_edid_is_read_whole() {
    let text = include_str!("../captures/edid-pikvm-v2.hex");
    let bytes = hex::decode(text.split_whitespace().collect::<String>()).unwrap();
    assert_eq!(edid::parse(&bytes).unwrap().faults, []);
}

#[test]
fn this_machine_s_own_devices_are_read() {
    // Live sysfs where there is one: every device's blob must parse or be refused by name.
    let Ok(devices) = fs::read_dir("/sys/bus/usb/devices") else { return };
    for device in devices.flatten() {
        if let Ok(bytes) = fs::read(device.path().join("descriptors")) {
            let parsed = usb::parse_prefix(&bytes);
            assert!(parsed.is_ok() || bytes.len() < 18, "{:?}: {parsed:?}", device.path());
        }
    }
}

fn committed(text: &str) -> usb::UsbDescriptors {
    let bytes = hex::decode(text.split_whitespace().collect::<String>()).unwrap();
    usb::parse(&bytes).unwrap()
}

#[test]
fn gadgets_of_a_real_kernel_keep_its_marks_under_every_name() {
    for text in [
        include_str!("../captures/usb-pikvm-as-dell-keyboard.hex"),
        include_str!("../captures/usb-jetkvm-dell-preset.hex"),
        include_str!("../captures/usb-nanokvm-hid-only.hex"),
    ] {
        let device = committed(text);
        let hid: Vec<_> = device.first_interfaces().filter(|interface| interface.class == 3).collect();
        assert_eq!(hid.len(), 3);
        for interface in hid {
            assert_eq!(interface.hid.unwrap().hid_release, 0x0101);
            assert!(interface.name_index != 0);
            assert!(interface.endpoints.iter().all(|endpoint| endpoint.interval == 4));
        }
    }
    let keyboard = committed(include_str!("../captures/usb-pikvm-as-dell-keyboard.hex"));
    assert_eq!(keyboard.device.vendor_id, 0x413c);
}

#[test]
fn a_network_gadget_and_root_hubs_are_read_whole() {
    let network = committed(include_str!("../captures/usb-network-gadget.hex"));
    assert!(network.first_interfaces().all(|interface| interface.class != 3 && interface.class != 8));
    for text in [
        include_str!("../captures/usb-root-hub-high-speed.hex"),
        include_str!("../captures/usb-root-hub-super-speed.hex"),
    ] {
        let hub = committed(text);
        assert_eq!((hub.device.class, hub.device.vendor_id), (9, 0x1d6b));
    }
    // SuperSpeed endpoints carry a companion descriptor (USB 3.2 section 9.6.7): kept opaque.
    let hub = committed(include_str!("../captures/usb-root-hub-super-speed.hex"));
    let interface = hub.first_interfaces().next().unwrap();
    assert!(interface.opaque.iter().any(|other| other.kind == 0x30));
}
