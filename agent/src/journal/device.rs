//! One physical device as it showed itself, with everything that hangs on it.
//!
//! Always: what makes it the same device at the same place is its bytes and strings, never the names the kernel
//! draws anew at each start; everything is cut to bounds before it is kept.

use std::collections::BTreeMap;

use bearing_descriptors::edid;
use bearing_protocol::{
    coverage::{Source, Status},
    digest::Digest,
    fact::{Display, Facts, HidBus, HidDevice, StorageDevice, UsbDevice},
    text::{printable, truncate},
};
use serde::{Deserialize, Serialize};

/// A device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceRecord {
    /// The USB device, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usb: Option<UsbDevice>,
    /// Its HID devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hid: Vec<HidDevice>,
    /// Its drives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<StorageDevice>,
    /// The display, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<Display>,
}

/// What was there at one look, by subject (`usb:1-1`, `hid:bluetooth-046d:b342`, `display:card0-HDMI-A-1`).
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The devices.
    pub devices: BTreeMap<String, DeviceRecord>,
    /// Whether the lists of USB devices, of other HID devices, and of displays could be read: one that could not
    /// says nothing about who went.
    usb: bool,
    hid: bool,
    displays: bool,
}

impl Look {
    /// From facts that were just read.
    pub fn of(facts: &Facts) -> Self {
        let read = |source| {
            let line = facts.coverage.iter().find(|line| line.source == source);
            line.is_some_and(|line| matches!(line.status, Status::Ok | Status::Partial))
        };
        let mut look = Self {
            devices: BTreeMap::new(),
            usb: read(Source::Usb),
            hid: read(Source::Hid),
            displays: read(Source::Displays),
        };
        let present = |provenance: Option<&str>| provenance.is_none_or(|how| how == "present");
        let root_hub = |path: &str| path.starts_with("usb");
        for device in &facts.usb {
            if root_hub(&device.path) || !present(device.provenance.as_deref()) {
                continue;
            }
            let record = DeviceRecord { usb: Some(device.clone()), ..DeviceRecord::default() };
            look.insert(format!("usb:{}", device.path), record);
        }
        for device in &facts.hid {
            let subject = match &device.usb_path {
                Some(path) => format!("usb:{path}"),
                None => loose_subject(device),
            };
            if device.usb_path.is_none() || look.devices.contains_key(&subject) {
                look.entry(subject, |record| record.hid.push(device.clone()));
            }
        }
        for drive in &facts.storage {
            let subject = format!("usb:{}", drive.usb_path.as_deref().unwrap_or_default());
            if let Some(record) = look.devices.get_mut(&subject) {
                record.storage.push(drive.clone());
            }
        }
        for display in &facts.displays {
            let there = display.connected == Some(true) || !display.edid.is_empty();
            if there && present(display.provenance.as_deref()) {
                let record = DeviceRecord { display: Some(display.clone()), ..DeviceRecord::default() };
                look.insert(format!("display:{}", display.connector), record);
            }
        }
        for record in look.devices.values_mut() {
            record.bound();
        }
        look
    }

    /// Whether this look could have seen `subject`.
    pub fn covers(&self, subject: &str) -> bool {
        match subject.split_once(':').map_or("", |(kind, _)| kind) {
            "usb" => self.usb,
            "hid" => self.hid,
            "display" => self.displays,
            _ => false,
        }
    }

    fn insert(&mut self, subject: String, record: DeviceRecord) {
        if self.devices.len() < MAX_DEVICES {
            self.devices.insert(subject, record);
        }
    }

    fn entry(&mut self, subject: String, change: impl FnOnce(&mut DeviceRecord)) {
        if self.devices.len() < MAX_DEVICES || self.devices.contains_key(&subject) {
            change(self.devices.entry(subject).or_default());
        }
    }
}

impl DeviceRecord {
    /// What makes it the same device: bytes and strings, without what hangs on it and without the kernel's names.
    pub fn identity(&self) -> Digest {
        let usb = self.usb.as_ref().map(|usb| {
            (
                (usb.vendor_id, usb.product_id, usb.device_release, usb.usb_release),
                (&usb.manufacturer, &usb.product, &usb.serial, &usb.configuration),
                hex::encode(&usb.descriptors),
            )
        });
        let display = self.display.as_ref().map(|display| hex::encode(&display.edid));
        // A device on no USB port is what its HID devices are.
        let loose: Vec<_> = if usb.is_none() && display.is_none() { self.parts() } else { Vec::new() };
        Digest::of(&serde_json::to_vec(&(usb, display, loose)).unwrap_or_default())
    }

    /// Its report descriptors and inquiry strings, in order of their bytes.
    fn parts(&self) -> Vec<String> {
        let hid = self.hid.iter().map(|hid| {
            let name = hid.name.as_deref().unwrap_or_default();
            format!("{:?} {name} {}", hid.usb_interface, hex::encode(&hid.report_descriptor))
        });
        let drives = self.storage.iter().map(|drive| {
            let part = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{}|{}|{}", part(&drive.vendor), part(&drive.model), part(&drive.revision))
        });
        let mut parts: Vec<String> = hid.chain(drives).collect();
        parts.sort();
        parts
    }

    /// Whether `later` is the same device with more of it come to light: drivers bind one after the other.
    pub fn grew_into(&self, later: &Self) -> bool {
        self.identity() == later.identity() && is_part_of(&self.parts(), &later.parts())
    }

    /// Whether both show the same, whatever the kernel calls their parts this time.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        self.identity() == other.identity() && self.parts() == other.parts()
    }

    /// SHA-256 of its raw descriptors or EDID, where they were read.
    pub fn shape(&self) -> Option<Digest> {
        let bytes = match (&self.usb, &self.display) {
            (Some(usb), _) => &usb.descriptors,
            (None, Some(display)) => &display.edid,
            (None, None) => &self.hid.first()?.report_descriptor,
        };
        (!bytes.is_empty()).then(|| Digest::of(bytes))
    }

    /// What it calls itself (`413c:2011 "Dell Keyboard"`).
    pub fn what(&self) -> String {
        let named = |ids: String, name: Option<&str>| match name {
            Some(name) => format!("{ids} \"{}\"", printable(truncate(name, MAX_NAME_BYTES), MAX_NAME_BYTES)),
            None => ids,
        };
        if let Some(usb) = &self.usb {
            return named(format!("{:04x}:{:04x}", usb.vendor_id, usb.product_id), usb.product.as_deref());
        }
        if let Some(display) = &self.display {
            return match edid::parse(&display.edid) {
                Ok(known) => {
                    named(format!("{} {:04x}", known.manufacturer, known.product), known.name.as_deref())
                }
                Err(_) => "display without a readable EDID".to_owned(),
            };
        }
        self.hid.first().map_or_else(String::new, |hid| {
            named(format!("{:04x}:{:04x}", hid.vendor_id, hid.product_id), hid.name.as_deref())
        })
    }

    /// Cuts it to what one line holds.
    fn bound(&mut self) {
        if let Some(usb) = &mut self.usb {
            usb.descriptors.truncate(MAX_DESCRIPTOR_BYTES);
            usb.interfaces.truncate(MAX_PARTS);
            let strings = [&mut usb.manufacturer, &mut usb.product, &mut usb.serial, &mut usb.configuration];
            strings.into_iter().for_each(cut);
        }
        if let Some(display) = &mut self.display {
            display.edid.truncate(MAX_DESCRIPTOR_BYTES);
        }
        self.hid.truncate(MAX_PARTS);
        let share = MAX_REPORT_DESCRIPTOR_BYTES / self.hid.len().max(1);
        for hid in &mut self.hid {
            hid.report_descriptor.truncate(share.max(MIN_REPORT_DESCRIPTOR_BYTES));
            cut(&mut hid.name);
        }
        self.storage.truncate(MAX_PARTS);
    }
}

fn cut(text: &mut Option<String>) {
    if let Some(text) = text {
        text.truncate(truncate(text, MAX_NAME_BYTES).len());
    }
}

/// Whether every part of `few` is in `many`; both are sorted.
fn is_part_of(few: &[String], many: &[String]) -> bool {
    let mut rest = many.iter();
    few.iter().all(|part| rest.any(|other| other == part))
}

/// A HID device on no USB device, by bus and ids: its kernel name is drawn anew whenever it connects.
pub(super) fn loose_subject(device: &HidDevice) -> String {
    let bus = match device.bus {
        HidBus::Usb => "usb",
        HidBus::Bluetooth => "bluetooth",
        HidBus::I2c => "i2c",
        HidBus::Virtual => "virtual",
        HidBus::Other => "other",
    };
    format!("hid:{bus}-{:04x}:{:04x}", device.vendor_id, device.product_id)
}

/// Most devices that are kept apart at one time.
const MAX_DEVICES: usize = 1024;
/// Most raw descriptor or EDID bytes that are kept.
const MAX_DESCRIPTOR_BYTES: usize = 8 * 1024;
/// Most report descriptor bytes of one device.
const MAX_REPORT_DESCRIPTOR_BYTES: usize = 32 * 1024;
const MIN_REPORT_DESCRIPTOR_BYTES: usize = 512;
/// Most HID devices, drives and interfaces of one device.
const MAX_PARTS: usize = 32;
/// Longest string of a device.
const MAX_NAME_BYTES: usize = 256;
