use super::*;
use crate::testing::Machine;

const KEYBOARD: &[(&str, &str)] = &[
    ("idVendor", "413c"),
    ("idProduct", "2011"),
    ("bcdDevice", "0404"),
    ("version", " 2.00"),
    ("bDeviceClass", "00"),
    ("bDeviceSubClass", "00"),
    ("bDeviceProtocol", "00"),
    ("manufacturer", "Dell "),
    ("product", "Dell Keyboard"),
    ("speed", "480"),
    ("bMaxPower", "500mA"),
    ("bmAttributes", "80"),
    ("removable", "removable"),
];

const HID_INTERFACE: &[(&str, &str)] = &[
    ("bInterfaceNumber", "00"),
    ("bInterfaceClass", "03"),
    ("bInterfaceSubClass", "01"),
    ("bInterfaceProtocol", "01"),
    ("interface", "Keyboard"),
    ("uevent", "DEVTYPE=usb_interface\nDRIVER=usbhid"),
];

/// As on a live machine: the bus's list is links into `/sys/devices`.
fn linked() -> Machine {
    let machine = Machine::new();
    let hub = "/sys/devices/pci0000:00/0000:00:14.0/usb1";
    machine
        .files(hub, &[("idVendor", "1d6b"), ("idProduct", "0002"), ("bDeviceClass", "09")])
        .files(&format!("{hub}/1-1"), KEYBOARD)
        .file(&format!("{hub}/1-1/descriptors"), [18, 1, 0, 2])
        .files(&format!("{hub}/1-1/1-1:1.0"), HID_INTERFACE)
        .directory("/sys/bus/usb/drivers/usbhid")
        .link(&format!("{hub}/1-1/1-1:1.0/driver"), "../../../../../../bus/usb/drivers/usbhid")
        .files(&format!("{hub}/1-0:1.0"), &[("bInterfaceClass", "09"), ("bInterfaceNumber", "00")]);
    for name in ["usb1", "usb1/1-1", "usb1/1-1/1-1:1.0", "usb1/1-0:1.0"] {
        let entry = name.rsplit('/').next().unwrap();
        machine.link(
            &format!("/sys/bus/usb/devices/{entry}"),
            format!("../../../devices/pci0000:00/0000:00:14.0/{name}"),
        );
    }
    machine
}

#[test]
fn a_device_is_read_whole() {
    let reading = read(&linked().context()).unwrap();
    assert_eq!(reading.gaps.describe(), "");
    let [keyboard, hub] = &reading.value[..] else { panic!("{:?}", reading.value) };
    assert_eq!((hub.path.as_str(), hub.vendor_id, &hub.parent), ("usb1", 0x1d6b, &None));
    assert_eq!(hub.interfaces.len(), 1);
    assert_eq!(keyboard.parent.as_deref(), Some("usb1"));
    assert_eq!((keyboard.vendor_id, keyboard.product_id, keyboard.device_release), (0x413c, 0x2011, 0x0404));
    assert_eq!(keyboard.usb_release, Some(0x0200));
    assert_eq!(keyboard.class, Some((0, 0, 0)));
    assert_eq!(keyboard.manufacturer.as_deref(), Some("Dell "), "blanks at the end tell devices apart");
    assert_eq!(keyboard.serial, None);
    assert_eq!(keyboard.speed, Some(UsbSpeed::High));
    assert_eq!((keyboard.max_power_ma, keyboard.attributes), (Some(500), Some(0x80)));
    assert_eq!(keyboard.descriptors, [18, 1, 0, 2]);
    let interface = &keyboard.interfaces[0];
    assert_eq!((interface.class, interface.subclass, interface.protocol), (3, 1, 1));
    assert_eq!(interface.name.as_deref(), Some("Keyboard"));
    assert_eq!(interface.driver.as_deref(), Some("usbhid"));
}

#[test]
fn plain_directories_read_like_links() {
    let live = read(&linked().context()).unwrap().value;
    for interface in ["1-1/1-1:1.0", "1-1:1.0"] {
        let machine = Machine::new();
        let mut root_hub = vec![("idVendor", "1d6b"), ("idProduct", "0002")];
        root_hub.push(("bDeviceClass", "09"));
        machine
            .files("/sys/bus/usb/devices/usb1", &root_hub)
            .files(
                "/sys/bus/usb/devices/usb1/1-0:1.0",
                &[("bInterfaceClass", "09"), ("bInterfaceNumber", "00")],
            )
            .files("/sys/bus/usb/devices/1-1", KEYBOARD)
            .file("/sys/bus/usb/devices/1-1/descriptors", [18, 1, 0, 2])
            .files(&format!("/sys/bus/usb/devices/{interface}"), HID_INTERFACE);
        assert_eq!(read(&machine.context()).unwrap().value, live, "{interface}");
    }
}

#[test]
fn what_a_device_cannot_say_does_not_hide_it() {
    let machine = Machine::new();
    let mut descriptors = vec![18, 1, 0, 2, 0, 0, 0, 64, 0x5e, 0x04, 0x4c, 0x08, 0x00, 0x01];
    descriptors.resize(18, 0);
    machine
        .file("/sys/bus/usb/devices/1-1/idVendor", "zzzz\n")
        .file("/sys/bus/usb/devices/1-1/idProduct", "")
        .file("/sys/bus/usb/devices/1-1/product", b"Pi\xffKVM \x1b[31m\n")
        .file("/sys/bus/usb/devices/1-1/serial", vec![b'A'; 2 * 1024 * 1024])
        .file("/sys/bus/usb/devices/1-1/bMaxPower", "lots\n")
        .file("/sys/bus/usb/devices/1-1/descriptors", &descriptors)
        .fifo("/sys/bus/usb/devices/1-1/manufacturer")
        .link("/sys/bus/usb/devices/1-2", "../../../devices/gone")
        .link("/sys/bus/usb/devices/1-3", "1-3")
        .directory("/sys/bus/usb/devices/not a device")
        .file("/sys/bus/usb/devices/1-4/descriptors", vec![0; 65 * 1024]);
    let reading = read(&machine.context()).unwrap();
    let first = &reading.value[0];
    assert_eq!((first.vendor_id, first.product_id, first.device_release), (0x045e, 0x084c, 0x0100));
    assert_eq!(
        first.product.as_deref(),
        Some("Pi\u{fffd}KVM \u{1b}[31m"),
        "raw here, made printable where shown"
    );
    assert_eq!((&first.serial, &first.manufacturer, first.max_power_ma), (&None, &None, None));
    assert_eq!(reading.value.len(), 2);
    assert_eq!(reading.gaps.count("devices", Why::Missing), 1, "pulled out while the list was read");
    assert_eq!(reading.gaps.count("devices", Why::Failed), 1, "a link to itself");
    assert_eq!(reading.gaps.count("attributes", Why::OverLimit), 1);
    assert_eq!(reading.gaps.count("attributes", Why::Malformed), 3);
    assert_eq!(reading.gaps.count("raw descriptors", Why::OverLimit), 1);
    assert_eq!(reading.gaps.count("device names", Why::Malformed), 1);
    assert_eq!(reading.gaps.count("vendor and product ids", Why::Missing), 1);
}

#[test]
fn a_bus_with_too_many_devices_is_cut_and_told() {
    let machine = Machine::new();
    for port in 1..=520 {
        machine.directory(&format!("/sys/bus/usb/devices/1-{port}"));
    }
    let reading = read(&machine.context()).unwrap();
    assert_eq!(reading.value.len(), 512);
    assert_eq!(reading.gaps.count("devices", Why::OverLimit), 8);
}

#[test]
fn a_machine_without_usb_says_so() {
    let error = read(&Machine::new().context()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read `/sys/bus/usb/devices`: it does not exist");
    assert!(matches!(error, crate::reading::Unread::Unsupported(_)));
}
