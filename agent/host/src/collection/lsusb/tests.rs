use super::*;
use bearing_protocol::fact::UsbSpeed;

const PIKVM: &str = include_str!("../../../captures/collections/lsusb-v-pikvm-as-dell-keyboard.txt");
const PLAIN: &str = include_str!("../../../captures/collections/lsusb.txt");
const TREE: &str = include_str!("../../../captures/collections/lsusb-t.txt");

fn pikvm() -> Listed {
    let listing = parse(PIKVM).unwrap();
    assert!(listing.verbose);
    assert_eq!((listing.devices.len(), listing.malformed, listing.cut, listing.over_limit), (4, 0, 0, 0));
    listing.devices.into_iter().next().unwrap()
}

#[test]
fn fields_and_strings_are_read() {
    let Listed { bus, number, device, hid, hid_without_descriptor } = pikvm();
    assert_eq!((bus, number), (3, 2));
    assert_eq!((device.vendor_id, device.product_id, device.device_release), (0x413c, 0x2107, 0x0115));
    assert_eq!((device.usb_release, device.class), (Some(0x0200), Some((0, 0, 0))));
    assert_eq!(device.manufacturer.as_deref(), Some("Dell"));
    assert_eq!(device.product.as_deref(), Some("Dell USB Entry Keyboard"));
    assert_eq!((device.serial, device.configuration), (None, None));
    assert_eq!((device.max_power_ma, device.attributes), (Some(250), Some(0xa0)));
    let interfaces: Vec<_> = device
        .interfaces
        .iter()
        .map(|i| (i.number, i.class, i.subclass, i.protocol, i.name.as_deref()))
        .collect();
    assert_eq!(
        interfaces,
        [
            (0, 3, 1, 1, Some("HID Interface")),
            (1, 3, 0, 0, Some("HID Interface")),
            (2, 3, 1, 2, Some("HID Interface")),
            (3, 8, 6, 0x50, Some("Mass Storage")),
        ]
    );
    assert_eq!((hid.len(), hid_without_descriptor), (3, 0));
}

/// The bytes that the kernel had are the bytes that come out of the printed words.
#[test]
#[cfg(unix)]
fn descriptors_are_rebuilt_byte_for_byte() {
    let machine =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../captures/pikvm-as-dell-keyboard/sys/bus/usb/devices");
    let Listed { device, hid, .. } = pikvm();
    assert_eq!(
        hex::encode(device.descriptors),
        hex::encode(std::fs::read(format!("{machine}/3-1/descriptors")).unwrap())
    );
    for device in hid {
        let interface = format!("{machine}/3-1:1.{}", device.usb_interface.unwrap());
        let below = std::fs::read_dir(interface).unwrap().flatten();
        let node =
            below.map(|entry| entry.path().join("report_descriptor")).find(|path| path.exists()).unwrap();
        assert_eq!(hex::encode(device.report_descriptor), hex::encode(std::fs::read(node).unwrap()));
    }
}

#[test]
fn report_descriptors_that_were_not_printed_are_missing_and_not_empty() {
    let mut text = String::new();
    let mut inside = false;
    for line in PIKVM.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("Report Descriptor:") {
            text.push_str("         Report Descriptors: \n           ** UNAVAILABLE **\n");
        }
        inside = trimmed.starts_with("Report Descriptor:") || inside && !trimmed.ends_with("Descriptor:");
        if !inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    let listing = parse(&text).unwrap();
    let first = listing.devices.first().unwrap();
    assert_eq!((first.hid.len(), first.hid_without_descriptor), (0, 3));
    assert_eq!(first.device.descriptors, pikvm().device.descriptors);
}

#[test]
fn a_report_descriptor_with_a_line_lost_is_refused() {
    let without: String = PIKVM
        .lines()
        .filter(|line| !line.contains("Report Size, data= [ 0x10 ]"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(without.len(), PIKVM.len());
    let listing = parse(&without).unwrap();
    let first = listing.devices.first().unwrap();
    assert_eq!((listing.malformed, first.hid_without_descriptor), (1, 1));
}

#[test]
fn the_plain_list_has_ids_alone() {
    let listing = parse(PLAIN).unwrap();
    assert!(!listing.verbose);
    let first = listing.devices.first().unwrap();
    assert_eq!((first.device.vendor_id, first.device.product_id), (0x413c, 0x2107));
    // `lsusb` takes the names from its own tables: they are not the device's.
    assert_eq!((first.device.manufacturer.as_deref(), first.device.product.as_deref()), (None, None));
    assert!(first.device.descriptors.is_empty());
}

#[test]
fn the_tree_says_place_speed_and_driver() {
    let tree = parse_tree(TREE).unwrap();
    let keyboard = tree.get(&(3, 2)).unwrap();
    assert_eq!((keyboard.path.as_str(), keyboard.speed), ("3-1", Some(UsbSpeed::High)));
    assert_eq!(keyboard.drivers.last(), Some(&(3, "usb-storage".to_owned())));
    let nested = "/:  Bus 001.Port 001: Dev 001, Class=root_hub, Driver=xhci_hcd/12p, 480M\n    |__ Port 003: Dev 002, If 0, \
        Class=Hub, Driver=hub/4p, 480M\n        |__ Port 004: Dev 003, If 0, Class=Human Interface Device, Driver=usbhid, 1.5M\n    \
        |__ Port 005: Dev 004, If 0, Class=Vendor Specific Class, Driver=[none], 12M\n";
    let tree = parse_tree(nested).unwrap();
    assert_eq!(tree.get(&(1, 3)).unwrap().path, "1-3.4");
    assert_eq!(tree.get(&(1, 3)).unwrap().speed, Some(UsbSpeed::Low));
    assert_eq!(
        (tree.get(&(1, 4)).unwrap().path.as_str(), tree.get(&(1, 4)).unwrap().drivers.len()),
        ("1-5", 0)
    );
}

#[test]
fn a_newer_lsusb_says_the_speed() {
    let text =
        PIKVM.replacen("Device Descriptor:", "Negotiated speed: High Speed (480Mbps)\nDevice Descriptor:", 1);
    assert_eq!(parse(&text).unwrap().devices.first().unwrap().device.speed, Some(UsbSpeed::High));
}

#[test]
fn other_texts_are_none() {
    assert_eq!(parse("Bus error (core dumped)\nBus 1 Device 2: ID zzzz:0001\n"), None);
    assert_eq!(parse_tree("/: nothing"), None);
}

#[test]
fn a_text_that_breaks_off_keeps_what_came_before() {
    for (end, _) in PIKVM.char_indices().step_by(61) {
        let _ = parse(PIKVM.get(..end).unwrap());
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_lines_never_panic(at in 0_usize..290, line in "\\PC{0,60}", tree in "[/:| _.,=0-9A-Za-z\n]{0,300}") {
        let mut lines: Vec<&str> = PIKVM.lines().collect();
        if let Some(place) = lines.get_mut(at) { *place = &line; }
        let _ = parse(&lines.join("\n"));
        let _ = parse_tree(&tree);
        let _ = parse_tree(&format!("/:  Bus 1.Port 1: Dev 1\n{tree}"));
    }
}
