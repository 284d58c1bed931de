use super::*;
use bearing_protocol::fact::{HidBus, UsbSpeed};

/// The drawing that `ioreg -l` makes, of a laptop with one disguised device.
const DRAWING: &str = r#"+-o Root  <class IORegistryEntry, id 0x100000100, retain 12>
  | {
  |   "IOKitBuildVersion" = "Darwin Kernel Version 23.6.0"
  |   "OS Build Version" = "23G93"
  | }
  | 
  +-o MacBookPro  <class IOPlatformExpertDevice, id 0x100000110, registered, matched, active, busy 0 (9 ms), retain 30>
    | {
    |   "model" = <"MacBookPro18,3">
    |   "IOConsoleUsers" = ({"kCGSSessionOnConsoleKey"=Yes,"idVendor"=9})
    | }
    | 
    +-o IOPMrootDomain  <class IOPMrootDomain, id 0x10000011a, registered>
    |   {
    |     "AppleClamshellState" = No
    |   }
    |   
    +-o AppleSmartBattery  <class AppleSmartBattery, id 0x10000012a, registered>
    |   {
    |     "BatteryInstalled" = Yes
    |   }
    |   
    +-o Multimedia Pro Keyboard@14120000  <class IOUSBHostDevice, id 0x100000a3b, registered, matched>
    | | {
    | |   "idVendor" = 16700
    | |   "idProduct" = 8209
    | |   "bcdDevice" = 256
    | |   "bcdUSB" = 512
    | |   "bDeviceClass" = 0
    | |   "bDeviceSubClass" = 0
    | |   "bDeviceProtocol" = 0
    | |   "Device Speed" = 2
    | |   "locationID" = 336723968
    | |   "kUSBVendorString" = "Dell Inc."
    | |   "kUSBProductString" = "Multimedia Pro Keyboard"
    | |   "kUSBSerialNumberString" = "6&2a&0&1"
    | |   "UsbDeviceSignature" = <3c411120000136263261263026310000000301010301020806 50>
    | | }
    | | 
    | +-o HID Interface@0  <class IOUSBHostInterface, id 0x100000a40, registered>
    | | | {
    | | |   "idVendor" = 16700
    | | |   "idProduct" = 8209
    | | |   "bcdDevice" = 256
    | | |   "bInterfaceNumber" = 0
    | | |   "bInterfaceClass" = 3
    | | |   "bInterfaceSubClass" = 1
    | | |   "bInterfaceProtocol" = 1
    | | |   "kUSBString" = "HID Interface"
    | | | }
    | | | 
    | | +-o AppleUserUSBHostHIDDevice  <class AppleUserUSBHostHIDDevice, id 0x100000a50, registered>
    | |   | {
    | |   |   "ReportDescriptor" = <05010906a1010507c0>
    | |   |   "Transport" = "USB"
    | |   |   "VendorID" = 16700
    | |   |   "ProductID" = 8209
    | |   |   "Product" = "Multimedia Pro Keyboard"
    | |   | }
    | |   | 
    | |   +-o IOHIDInterface  <class IOHIDInterface, id 0x100000a51, registered>
    | |       {
    | |         "ReportDescriptor" = <05010906a1010507c0>
    | |       }
    | |       
    | +-o Mass Storage@3  <class IOUSBHostInterface, id 0x100000a41, registered>
    |   | {
    |   |   "bInterfaceNumber" = 3
    |   |   "bInterfaceClass" = 8
    |   |   "bInterfaceSubClass" = 6
    |   |   "bInterfaceProtocol" = 80
    |   | }
    |   | 
    |   +-o IOSCSIPeripheralDeviceNub  <class IOSCSIPeripheralDeviceNub, id 0x100000a60, registered>
    |       {
    |         "Vendor Identification" = "JetKVM"
    |         "Product Identification" = "Virtual Media"
    |         "Peripheral Device Type" = 5
    |       }
    |       
    +-o display0  <class AppleDisplay, id 0x100000b00, registered>
        {
          "IODisplayEDID" = <00ffffffffffff00317870770100000000>
        }
"#;

fn check(found: &Found) {
    let [device] = &found.usb[..] else { panic!("{:?}", found.usb) };
    assert_eq!((device.path.as_str(), device.parent.as_deref()), ("14120000", Some("14100000")));
    assert_eq!((device.vendor_id, device.product_id, device.device_release), (0x413c, 0x2011, 0x0100));
    assert_eq!((device.usb_release, device.speed), (Some(0x0200), Some(UsbSpeed::High)));
    assert_eq!(device.manufacturer.as_deref(), Some("Dell Inc."));
    assert_eq!(device.serial.as_deref(), Some("6&2a&0&1"));
    let interfaces: Vec<_> = device
        .interfaces
        .iter()
        .map(|i| (i.number, i.class, i.subclass, i.protocol, i.name.as_deref(), i.driver.is_none()))
        .collect();
    assert_eq!(interfaces, [(0, 3, 1, 1, Some("HID Interface"), true), (3, 8, 6, 80, None, true)]);
    let [hid] = &found.hid[..] else { panic!("{:?}", found.hid) };
    assert_eq!(
        (hid.bus, hid.usb_path.as_deref(), hid.usb_interface),
        (HidBus::Usb, Some("14120000"), Some(0))
    );
    assert_eq!(hex::encode(&hid.report_descriptor), "05010906a1010507c0");
    let [drive] = &found.storage[..] else { panic!("{:?}", found.storage) };
    assert_eq!((drive.vendor.as_deref(), drive.device_type), (Some("JetKVM"), Some(5)));
    assert_eq!(drive.usb_path.as_deref(), Some("14120000"));
    assert_eq!(found.displays.len(), 1);
    assert_eq!((found.battery, found.lid_open), (true, Some(true)));
    assert_eq!((found.model.as_deref(), found.build.as_deref()), (Some("MacBookPro18,3"), Some("23G93")));
    assert_eq!(found.hid_without_descriptor, 0);
}

#[test]
fn the_drawing_is_read() {
    check(&devices(&parse_text(DRAWING).unwrap()));
}

/// The same tree as `ioreg -a` writes it.
fn as_plist(entries: &[Entry]) -> String {
    fn node(entries: &[Entry], at: usize, out: &mut String) {
        use std::fmt::Write as _;
        let entry = &entries[at];
        let _ = write!(
            out,
            "<dict><key>IORegistryEntryName</key><string>{}</string><key>IOObjectClass</key><string>{}</string>",
            entry.name, entry.class
        );
        for (key, value) in &entry.properties {
            let _ = write!(out, "<key>{key}</key>");
            let _ = match value {
                Value::Text(text) => write!(out, "<string>{}</string>", text.replace('&', "&amp;")),
                Value::Number(number) => write!(out, "<integer>{number}</integer>"),
                Value::Flag(flag) => write!(out, "<{flag}/>"),
                Value::Bytes(bytes) => write!(out, "<data>{}</data>", base64(bytes)),
                _ => Ok(()),
            };
        }
        out.push_str("<key>IORegistryEntryChildren</key><array>");
        for child in (0..entries.len()).filter(|child| entries[*child].parent == Some(at)) {
            node(entries, child, out);
        }
        out.push_str("</array></dict>");
    }
    let mut out = "<?xml version=\"1.0\"?><plist version=\"1.0\">".to_owned();
    node(entries, 0, &mut out);
    out + "</plist>"
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

#[test]
fn the_property_list_says_the_same() {
    let entries = parse_text(DRAWING).unwrap();
    let text = as_plist(&entries);
    let value = crate::collection::plist::parse(text.as_bytes()).unwrap().unwrap();
    check(&devices(&from_plist(&value).unwrap()));
}

#[test]
fn a_signature_stands_in_for_interfaces_that_are_not_shown() {
    let cut = DRAWING.find("    | +-o HID Interface@0").unwrap();
    let found = devices(&parse_text(DRAWING.get(..cut).unwrap()).unwrap());
    let classes: Vec<_> =
        found.usb.first().unwrap().interfaces.iter().map(|i| (i.class, i.subclass, i.protocol)).collect();
    assert_eq!(classes, [(3, 1, 1), (3, 1, 2), (8, 6, 0x50)]);
    assert_eq!(found.hid_without_descriptor, 2);
}

proptest::proptest! {
    #[test]
    fn arbitrary_drawings_never_panic(text in "[|+o \\-<>a-z\"=0-9\n]{0,400}", at in 0_usize..90) {
        let _ = parse_text(&text).map(|entries| devices(&entries));
        let mut lines: Vec<&str> = DRAWING.lines().collect();
        if at < lines.len() { lines.remove(at); }
        let _ = parse_text(&lines.join("\n")).map(|entries| devices(&entries));
    }
}
