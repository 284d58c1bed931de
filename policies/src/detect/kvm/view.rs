//! Everything that hangs on one physical device, brought together: descriptors, HID, drives, network cards.
//!
//! Always: whatever is missing is absent and not invented: a device without report descriptors, without raw
//! descriptors, without a speed, or a HID device without a USB device, is still a view.

use std::collections::BTreeMap;

use bearing_descriptors::{
    hid::{self, CollectionKey, HidError, ReportDescriptor},
    usb::{self, Endpoint, HidClass, UsbDescriptors, UsbError},
};
use bearing_protocol::{
    digest::Digest,
    fact::{Facts, HidBus, HidDevice, Interface, StorageDevice, UsbDevice, UsbSpeed},
};

/// Usages of the Digitizer page that only pen tablets have; a touch screen (0d/04) is another thing.
const DIGITIZER: (u16, u16) = (0x0d, 0x01);
const PEN: (u16, u16) = (0x0d, 0x02);

/// One physical device.
pub struct View<'a> {
    /// `usb:1-1`, or `hid:…` where no USB device is known.
    pub subject: String,
    /// The place alone.
    pub location: String,
    /// The USB device, where there is one.
    pub usb: Option<&'a UsbDevice>,
    /// Vendor id.
    pub vendor_id: u16,
    /// Product id.
    pub product_id: u16,
    /// Its raw descriptors, as far as they could be read.
    pub descriptors: Option<UsbDescriptors>,
    /// What ended reading them.
    pub descriptor_error: Option<UsbError>,
    /// Interfaces, alternate setting 0.
    pub interfaces: Vec<InterfaceView>,
    /// HID devices on it.
    pub hids: Vec<HidView<'a>>,
    /// Drives on it.
    pub storage: Vec<&'a StorageDevice>,
    /// Network cards on it.
    pub network: Vec<&'a Interface>,
}

/// An interface, from sysfs and raw descriptors together.
#[derive(Clone, Debug, Default)]
pub struct InterfaceView {
    /// bInterfaceNumber.
    pub number: u8,
    /// Class triplet.
    pub triplet: (u8, u8, u8),
    /// iInterface's string.
    pub name: Option<String>,
    /// HID class descriptor.
    pub hid: Option<HidClass>,
    /// Endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// A HID device with its descriptor read.
pub struct HidView<'a> {
    /// The fact.
    pub device: &'a HidDevice,
    /// Its descriptor, as far as it could be read.
    pub parsed: ReportDescriptor,
    /// What ended reading it.
    pub error: Option<HidError>,
    /// The meaning of its outermost collections.
    pub keys: Vec<CollectionKey>,
}

impl InterfaceView {
    /// Whether it is a keyboard by protocol (HID 1.11 section 4.3).
    pub const fn is_keyboard_protocol(&self) -> bool {
        self.triplet.0 == 3 && self.triplet.2 == 1
    }

    /// Whether it is a mouse by protocol.
    pub const fn is_mouse_protocol(&self) -> bool {
        self.triplet.0 == 3 && self.triplet.2 == 2
    }
}

impl<'a> View<'a> {
    /// All devices of a machine, each once.
    pub fn all(facts: &'a Facts) -> Vec<Self> {
        let mut views: Vec<Self> = facts.usb.iter().map(|device| Self::of_usb(device, facts)).collect();
        let known: BTreeMap<&str, ()> = facts.usb.iter().map(|device| (device.path.as_str(), ())).collect();
        // Without a parent, one name and one pair of ids are one device: hypervisors give the same ids to several.
        let mut rest: BTreeMap<(String, Option<&str>), Vec<&HidDevice>> = BTreeMap::new();
        let loose = |device: &'a HidDevice| (loose_subject(device), device.name.as_deref());
        for device in &facts.hid {
            match device.usb_path.as_deref() {
                Some(path) if known.contains_key(path) => {}
                Some(path) => rest.entry((format!("usb:{path}"), None)).or_default().push(device),
                None if device.bus == HidBus::Usb => {
                    // Without a parent, only a single device with the same ids can be meant.
                    let mut same = views.iter_mut().filter(|view| {
                        (view.vendor_id, view.product_id) == (device.vendor_id, device.product_id)
                    });
                    match (same.next(), same.next()) {
                        (Some(view), None) => view.hids.push(HidView::of(device)),
                        _ => rest.entry(loose(device)).or_default().push(device),
                    }
                }
                None => rest.entry(loose(device)).or_default().push(device),
            }
        }
        views.extend(
            rest.into_iter().filter_map(|((subject, _), devices)| Self::of_hids(subject, &devices, facts)),
        );
        views
    }

    fn of_usb(device: &'a UsbDevice, facts: &'a Facts) -> Self {
        let parsed = (!device.descriptors.is_empty()).then(|| usb::parse_prefix(&device.descriptors));
        let (descriptors, descriptor_error) = match parsed {
            Some(Ok((descriptors, error))) => (Some(descriptors), error),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        let here = |path: &Option<String>| path.as_deref() == Some(device.path.as_str());
        let (from_raw_vendor, from_raw_product) =
            descriptors.as_ref().map_or((0, 0), |d| (d.device.vendor_id, d.device.product_id));
        Self {
            subject: format!("usb:{}", device.path),
            location: device.path.clone(),
            usb: Some(device),
            vendor_id: if device.vendor_id == 0 { from_raw_vendor } else { device.vendor_id },
            product_id: if device.vendor_id == 0 { from_raw_product } else { device.product_id },
            interfaces: interfaces(device, descriptors.as_ref()),
            descriptors,
            descriptor_error,
            hids: facts.hid.iter().filter(|hid| here(&hid.usb_path)).map(HidView::of).collect(),
            storage: facts.storage.iter().filter(|drive| here(&drive.usb_path)).collect(),
            network: facts.network.interfaces.iter().filter(|card| here(&card.usb_path)).collect(),
        }
    }

    fn of_hids(subject: String, devices: &[&'a HidDevice], facts: &'a Facts) -> Option<Self> {
        let first = devices.first()?;
        let path = subject.strip_prefix("usb:").map(str::to_owned);
        let here = |other: &Option<String>| path.is_some() && *other == path;
        Some(Self {
            location: path.clone().unwrap_or_else(|| first.path.clone()),
            usb: None,
            vendor_id: first.vendor_id,
            product_id: first.product_id,
            descriptors: None,
            descriptor_error: None,
            interfaces: Vec::new(),
            hids: devices.iter().map(|device| HidView::of(device)).collect(),
            storage: facts.storage.iter().filter(|drive| here(&drive.usb_path)).collect(),
            network: facts.network.interfaces.iter().filter(|card| here(&card.usb_path)).collect(),
            subject,
        })
    }

    /// All meanings of all its HID devices.
    pub fn keys(&self) -> impl Iterator<Item = &CollectionKey> {
        self.hids.iter().flat_map(|hid| hid.keys.iter())
    }

    /// Whether it is a keyboard, by meaning or by protocol.
    pub fn is_keyboard(&self) -> bool {
        self.keys().any(CollectionKey::is_keyboard)
            || self.interfaces.iter().any(InterfaceView::is_keyboard_protocol)
    }

    /// Whether it is a keyboard or a pointer.
    pub fn is_input(&self) -> bool {
        self.is_keyboard()
            || self.keys().any(CollectionKey::is_pointer)
            || self.interfaces.iter().any(InterfaceView::is_mouse_protocol)
    }

    /// Whether there is a pen anywhere on the device: a drawing tablet, whose mouse interface may not name the
    /// Digitizer page itself.
    pub fn has_pen(&self) -> bool {
        self.hids.iter().any(|hid| hid.parsed.collections.iter().any(|c| matches!(c.usage, DIGITIZER | PEN)))
    }

    /// Whether it has a HID interface at all.
    pub fn has_hid(&self) -> bool {
        !self.hids.is_empty() || self.interfaces.iter().any(|interface| interface.triplet.0 == 3)
    }

    /// Whether nothing is known of its interfaces.
    pub fn is_opaque(&self) -> bool {
        self.interfaces.is_empty() && self.hids.is_empty()
    }

    /// Its speed; where the system does not say, what its endpoints allow no other reading of.
    pub fn speed(&self) -> Option<UsbSpeed> {
        self.usb.and_then(|usb| usb.speed).or_else(|| {
            let endpoints = self.interfaces.iter().flat_map(|interface| &interface.endpoints);
            // Only high speed has packets of 65 to 512 bytes on bulk endpoints (USB 2.0 section 5.8.3).
            endpoints
                .filter(|e| e.transfer_type() == usb::TransferType::Bulk)
                .any(|e| e.packet_bytes() == 512)
                .then_some(UsbSpeed::High)
        })
    }

    /// Whether it is a hub, or has one inside.
    pub fn is_hub(&self) -> bool {
        self.usb.and_then(|usb| usb.class).is_some_and(|class| class.0 == 9)
            || self.interfaces.iter().any(|interface| interface.triplet.0 == 9)
    }

    /// `Dell Inc. Multimedia Pro Keyboard (413c:2011)`, as the device says it.
    pub fn calls_itself(&self) -> String {
        let ids = format!("{:04x}:{:04x}", self.vendor_id, self.product_id);
        let maker = self.usb.and_then(|usb| usb.manufacturer.as_deref()).map_or("", str::trim);
        let product = self.usb.and_then(|usb| usb.product.as_deref()).map_or("", str::trim);
        let said = product.to_lowercase().starts_with(&maker.to_lowercase());
        let mut name = if said { product.to_owned() } else { format!("{maker} {product}") };
        if name.trim().is_empty() {
            name = self.hids.iter().find_map(|hid| hid.device.name.clone()).unwrap_or_default();
        }
        if name.trim().is_empty() { ids } else { format!("{} ({ids})", name.trim()) }
    }

    /// What an approval of exactly this device names: its raw descriptors and its report descriptors. `None` where
    /// neither was read.
    pub fn digest(&self) -> Option<Digest> {
        let raw = self.usb.map(|usb| usb.descriptors.as_slice()).unwrap_or_default();
        let mut reports: Vec<&str> = self.hids.iter().map(|hid| hid.parsed.sha256.as_str()).collect();
        if raw.is_empty() && reports.is_empty() {
            return None;
        }
        reports.sort_unstable();
        let parts = format!("{}\n{}", bearing_descriptors::sha256_hex(raw), reports.join("\n"));
        Some(Digest::of(parts.as_bytes()))
    }

    /// What the device is by its descriptors alone: no serial, no port, no name.
    pub fn shape(&self) -> String {
        let mut parts: Vec<String> = self.hids.iter().map(|hid| hid.parsed.sha256.clone()).collect();
        parts.sort();
        let mut triplets: Vec<String> = self.interfaces.iter().map(|i| triplet_text(i.triplet)).collect();
        triplets.sort();
        parts.extend(triplets);
        if parts.is_empty() {
            parts.push(format!("{:04x}:{:04x}", self.vendor_id, self.product_id));
        }
        bearing_descriptors::sha256_hex(parts.join("\n").as_bytes())
    }
}

impl<'a> HidView<'a> {
    fn of(device: &'a HidDevice) -> Self {
        let (parsed, error) = hid::parse_prefix(&device.report_descriptor);
        let keys = parsed.keys();
        Self { device, parsed, error, keys }
    }
}

/// `03/01/01`.
pub fn triplet_text((class, subclass, protocol): (u8, u8, u8)) -> String {
    format!("{class:02x}/{subclass:02x}/{protocol:02x}")
}

fn loose_subject(device: &HidDevice) -> String {
    // One physical device on another bus may show several HID devices: its ids bring them together.
    let bus = match device.bus {
        HidBus::Usb => "usb",
        HidBus::Bluetooth => "bluetooth",
        HidBus::I2c => "i2c",
        HidBus::Virtual => "virtual",
        HidBus::Other => "other",
    };
    format!("hid:{bus}-{:04x}:{:04x}", device.vendor_id, device.product_id)
}

fn interfaces(device: &UsbDevice, descriptors: Option<&UsbDescriptors>) -> Vec<InterfaceView> {
    let raw = |number: u8, class: u8| {
        descriptors.and_then(|d| {
            d.configurations
                .iter()
                .flat_map(|c| c.interfaces.iter())
                .find(|i| i.number == number && i.class == class && i.alternate == 0)
        })
    };
    if device.interfaces.is_empty() {
        return descriptors
            .into_iter()
            .flat_map(UsbDescriptors::first_interfaces)
            .map(|i| InterfaceView {
                number: i.number,
                triplet: (i.class, i.subclass, i.protocol),
                name: None,
                hid: i.hid,
                endpoints: i.endpoints.clone(),
            })
            .collect();
    }
    device
        .interfaces
        .iter()
        .map(|i| {
            let raw = raw(i.number, i.class);
            InterfaceView {
                number: i.number,
                triplet: (i.class, i.subclass, i.protocol),
                name: i.name.clone(),
                hid: raw.and_then(|raw| raw.hid),
                endpoints: raw.map(|raw| raw.endpoints.clone()).unwrap_or_default(),
            }
        })
        .collect()
}
