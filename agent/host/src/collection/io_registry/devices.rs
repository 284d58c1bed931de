//! Entries of the I/O registry turned into facts.

use std::collections::BTreeMap;

use bearing_protocol::fact::{Display, HidBus, HidDevice, StorageDevice, UsbDevice, UsbInterface, UsbSpeed};

use super::Entry;
use crate::collection::plist::Value;

/// What a registry shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// USB devices.
    pub usb: Vec<UsbDevice>,
    /// HID devices with their report descriptors.
    pub hid: Vec<HidDevice>,
    /// Drives on USB.
    pub storage: Vec<StorageDevice>,
    /// Displays with an EDID.
    pub displays: Vec<Display>,
    /// HID interfaces on USB below which no report descriptor stood.
    pub hid_without_descriptor: u64,
    /// Whether a battery of its own shows.
    pub battery: bool,
    /// Whether a lid shows, and whether it is open.
    pub lid_open: Option<bool>,
    /// The model's id (`MacBookPro18,3`).
    pub model: Option<String>,
    /// The build of the operating system (`23G93`), where it shows.
    pub build: Option<String>,
}

/// Reads the facts out of a registry.
pub fn devices(entries: &[Entry]) -> Found {
    let mut found = Found::default();
    // Devices by the entry they were read from; on Intel Macs the legacy plane shows each a second time.
    let mut usb_of_entry: BTreeMap<usize, String> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        if is_usb_device(entry) {
            let device = usb_device(entry, at);
            usb_of_entry.insert(at, device.path.clone());
            if !found.usb.iter().any(|known| known.path == device.path) {
                found.usb.push(device);
            }
        }
        found.battery |=
            entry.class == "AppleSmartBattery" && entry.get("BatteryInstalled") != Some(&Value::Flag(false));
        if let Some(Value::Flag(closed)) = entry.get("AppleClamshellState") {
            found.lid_open = Some(!closed);
        }
        if entry.class == "IOPlatformExpertDevice" {
            found.model = entry.get("model").and_then(plain_text);
        }
        if let Some(build) = entry.get("OS Build Version").and_then(Value::text) {
            found.build = Some(build.to_owned());
        }
    }
    let mut with_descriptor: Vec<(String, Option<u8>)> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        if entry.number("bInterfaceNumber").is_some() && entry.get("bInterfaceClass").is_some() {
            interface(entries, at, &usb_of_entry, &mut found);
        } else if let Some(bytes) = entry.get("ReportDescriptor").and_then(Value::bytes)
            && !ancestors(entries, at).any(|above| above.1.get("ReportDescriptor").is_some())
        {
            let device = hid_device(entries, at, bytes, &usb_of_entry);
            if let Some(path) = &device.usb_path {
                with_descriptor.push((path.clone(), device.usb_interface));
            }
            found.hid.push(device);
        } else if entry.get("Vendor Identification").is_some()
            && entry.get("Peripheral Device Type").is_some()
            && let Some(path) = usb_above(entries, at, &usb_of_entry)
        {
            found.storage.push(storage_device(entry, at, path));
        }
        let edid = ["IODisplayEDID", "EDID"].into_iter().find_map(|key| entry.get(key)?.bytes());
        if let Some(edid) = edid.filter(|edid| edid.starts_with(&EDID_HEADER) && edid.len() <= MAX_EDID_BYTES)
            && !found.displays.iter().any(|known| known.edid == edid)
        {
            found.displays.push(Display {
                connector: format!("{}-{at}", entry.name),
                connected: Some(true),
                edid: edid.to_vec(),
                ..Display::default()
            });
        }
    }
    for device in &mut found.usb {
        for interface in &mut device.interfaces {
            interface.driver = None;
        }
        let device = &*device;
        let missing = device.interfaces.iter().filter(|interface| {
            interface.class == HID_CLASS
                && !with_descriptor.iter().any(|(path, number)| {
                    *path == device.path && number.is_none_or(|n| n == interface.number)
                })
        });
        found.hid_without_descriptor += u64::try_from(missing.count()).unwrap_or(u64::MAX);
    }
    found
}

fn is_usb_device(entry: &Entry) -> bool {
    entry.number("idVendor").is_some()
        && entry.number("idProduct").is_some()
        && entry.get("bInterfaceNumber").is_none()
        && (entry.get("bDeviceClass").is_some() || entry.get("bcdDevice").is_some())
        && !entry.class.contains("RootHub")
}

fn usb_device(entry: &Entry, at: usize) -> UsbDevice {
    let word = |key| entry.number(key).and_then(|value| u16::try_from(value).ok());
    let byte = |key| entry.number(key).and_then(|value| u8::try_from(value).ok());
    let location = entry.number("locationID").and_then(|value| u32::try_from(value & 0xffff_ffff).ok());
    let owned = |keys| entry.text(keys).map(str::to_owned);
    UsbDevice {
        path: location.map_or_else(|| format!("entry-{at}"), |location| format!("{location:08x}")),
        parent: location.and_then(parent_location).map(|parent| format!("{parent:08x}")),
        vendor_id: word("idVendor").unwrap_or_default(),
        product_id: word("idProduct").unwrap_or_default(),
        device_release: word("bcdDevice").unwrap_or_default(),
        usb_release: word("bcdUSB"),
        class: byte("bDeviceClass")
            .zip(byte("bDeviceSubClass"))
            .zip(byte("bDeviceProtocol"))
            .map(|((class, subclass), protocol)| (class, subclass, protocol)),
        manufacturer: owned(["kUSBVendorString", "USB Vendor Name"]),
        product: owned(["kUSBProductString", "USB Product Name"]),
        serial: owned(["kUSBSerialNumberString", "USB Serial Number"]),
        speed: speed(entry),
        interfaces: signature_interfaces(entry),
        ..UsbDevice::default()
    }
}

/// `Device Speed` counts from low speed; the newer `USBSpeed` from none, with full before low.
fn speed(entry: &Entry) -> Option<UsbSpeed> {
    if let Some(number) = entry.number("Device Speed") {
        return Some(match number {
            0 => UsbSpeed::Low,
            1 => UsbSpeed::Full,
            2 => UsbSpeed::High,
            3 => UsbSpeed::Super,
            4 | 5 => UsbSpeed::SuperPlus,
            _ => return None,
        });
    }
    Some(match entry.number("USBSpeed")? {
        1 => UsbSpeed::Full,
        2 => UsbSpeed::Low,
        3 => UsbSpeed::High,
        4 => UsbSpeed::Super,
        5 | 6 => UsbSpeed::SuperPlus,
        _ => return None,
    })
}

/// The hub's location: the last digit that is not zero names the port (`14120000` hangs on `14100000`).
fn parent_location(location: u32) -> Option<u32> {
    let ports = location & 0x00ff_ffff;
    let last = (0..6).map(|digit| 0xf_u32 << (digit * 4)).find(|mask| ports & mask != 0)?;
    let parent = location & !last;
    (parent & 0x00ff_ffff != 0).then_some(parent)
}

/// Interface classes out of `UsbDeviceSignature`: vendor, product and release of two bytes each, the serial, the
/// device's class triplet, then distinct triplets of interfaces. Used where no interface stands in the registry.
fn signature_interfaces(entry: &Entry) -> Vec<UsbInterface> {
    let Some(bytes) = entry.get("UsbDeviceSignature").and_then(Value::bytes) else { return Vec::new() };
    let serial = entry.text(["kUSBSerialNumberString", "USB Serial Number"]).unwrap_or_default();
    let Some(rest) = bytes.get(6..).and_then(|rest| rest.strip_prefix(serial.as_bytes())) else {
        return Vec::new();
    };
    let triplets = rest.get(3..).unwrap_or_default().chunks_exact(3);
    if !triplets.remainder().is_empty() {
        return Vec::new();
    }
    triplets
        .zip(0_u8..)
        .map(|(triplet, number)| UsbInterface {
            number,
            class: triplet[0],
            subclass: triplet[1],
            protocol: triplet[2],
            ..UsbInterface::default()
        })
        .collect()
}

fn ancestors(entries: &[Entry], at: usize) -> impl Iterator<Item = (usize, &Entry)> {
    let mut next = entries.get(at).and_then(|entry| entry.parent);
    std::iter::from_fn(move || {
        let index = next?;
        let entry = entries.get(index)?;
        next = entry.parent.filter(|parent| *parent < index);
        Some((index, entry))
    })
}

fn usb_above<'a>(entries: &[Entry], at: usize, usb: &'a BTreeMap<usize, String>) -> Option<&'a String> {
    ancestors(entries, at).find_map(|(index, _)| usb.get(&index))
}

/// An interface that stands in the registry: it replaces what the signature alone said.
fn interface(entries: &[Entry], at: usize, usb: &BTreeMap<usize, String>, found: &mut Found) {
    let Some(entry) = entries.get(at) else { return };
    let Some(path) = usb_above(entries, at, usb) else { return };
    let Some(device) = found.usb.iter_mut().find(|device| device.path == *path) else { return };
    let byte = |key| entry.number(key).and_then(|value| u8::try_from(value).ok());
    if byte("bAlternateSetting").unwrap_or_default() != 0 {
        return;
    }
    let read = UsbInterface {
        number: byte("bInterfaceNumber").unwrap_or_default(),
        class: byte("bInterfaceClass").unwrap_or_default(),
        subclass: byte("bInterfaceSubClass").unwrap_or_default(),
        protocol: byte("bInterfaceProtocol").unwrap_or_default(),
        name: entry.text(["kUSBString", "USB Interface Name"]).map(str::to_owned),
        driver: None,
    };
    // Those of the signature have no driver's mark and no name; the first real one clears them.
    if device.interfaces.iter().all(|known| known.driver.as_deref() != Some(SHOWN)) {
        device.interfaces.clear();
    }
    if device.interfaces.len() < MAX_INTERFACES && !device.interfaces.iter().any(|i| i.number == read.number)
    {
        device.interfaces.push(UsbInterface { driver: Some(SHOWN.to_owned()), ..read });
        device.interfaces.sort_by_key(|interface| interface.number);
    }
}

fn hid_device(entries: &[Entry], at: usize, bytes: &[u8], usb: &BTreeMap<usize, String>) -> HidDevice {
    let entry = entries.get(at).cloned().unwrap_or_default();
    let word = |key| entry.number(key).and_then(|value| u16::try_from(value).ok()).unwrap_or_default();
    let transport = entry.get("Transport").and_then(Value::text).unwrap_or_default();
    let usb_path = usb_above(entries, at, usb).cloned();
    HidDevice {
        path: format!("{}-{at}", entry.class),
        bus: match transport {
            "USB" => HidBus::Usb,
            "I2C" => HidBus::I2c,
            "Virtual" => HidBus::Virtual,
            other if other.starts_with("Bluetooth") => HidBus::Bluetooth,
            _ if usb_path.is_some() => HidBus::Usb,
            _ => HidBus::Other,
        },
        vendor_id: word("VendorID"),
        product_id: word("ProductID"),
        name: entry.get("Product").and_then(Value::text).map(str::to_owned),
        usb_path,
        usb_interface: ancestors(entries, at)
            .find_map(|(_, above)| above.number("bInterfaceNumber"))
            .and_then(|number| u8::try_from(number).ok()),
        report_descriptor: bytes.get(..bytes.len().min(MAX_REPORT_BYTES)).unwrap_or_default().to_vec(),
        driver: None,
    }
}

fn storage_device(entry: &Entry, at: usize, path: &str) -> StorageDevice {
    let owned = |key| entry.get(key).and_then(Value::text).map(str::to_owned);
    StorageDevice {
        name: format!("{}-{at}", entry.class),
        vendor: owned("Vendor Identification"),
        model: owned("Product Identification"),
        revision: owned("Product Revision Level"),
        device_type: entry.number("Peripheral Device Type").and_then(|value| u8::try_from(value).ok()),
        removable: None,
        usb_path: Some(path.to_owned()),
    }
}

/// Device-tree texts are data with a zero at the end in one form, text in the other.
fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned())
            .filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// bInterfaceClass of HID (HID 1.11 section 4.1).
const HID_CLASS: u8 = 3;
/// Marks an interface that stood in the registry while it is read.
const SHOWN: &str = "ioreg";
const EDID_HEADER: [u8; 8] = [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
const MAX_EDID_BYTES: usize = 256 * 128;
const MAX_REPORT_BYTES: usize = 16 * 1024;
const MAX_INTERFACES: usize = 64;
