//! USB devices as they show themselves.
//!
//! Always: raw descriptors are read beside the strings, so that what a device calls itself can be held
//! against what it is; a device stays in the list when any of it cannot be read.
//! Facts: `Documentation/ABI/{stable,testing}/sysfs-bus-usb` of Linux.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bearing_protocol::fact::{UsbDevice, UsbInterface, UsbSpeed};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    root::Root,
    sysfs::{self, Attributes},
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<UsbDevice>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let tree = list(root, &mut gaps)?;
    let mut devices = Vec::with_capacity(tree.devices.len());
    for name in &tree.devices {
        if devices.len() == MAX_DEVICES {
            let rest = tree.devices.len() - MAX_DEVICES;
            gaps.add_many("devices", Why::OverLimit, rest.try_into().unwrap_or(u64::MAX));
            break;
        }
        let directory = Path::new(DEVICES).join(name);
        if let Err(error) = root.metadata(&directory) {
            // Pulled out while the list was read, or a copy that holds the link only.
            gaps.add("devices", error.kind.into());
            continue;
        }
        let mut device = read_device(name, &mut Attributes { root, directory, gaps: &mut gaps });
        let interfaces = tree.interfaces.get(interface_owner(name).as_str()).map_or(&[][..], Vec::as_slice);
        device.interfaces =
            interfaces.iter().filter_map(|path| read_interface(root, path, &mut gaps)).collect();
        device.interfaces.sort_by_key(|interface| interface.number);
        devices.push(device);
    }
    let summary = format!("{} devices", devices.len());
    Ok(Reading::with_gaps(devices, summary, gaps))
}

/// The bus's list of devices and interfaces.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Names of devices, root hubs included.
    pub(crate) devices: Vec<String>,
    /// Directories of interfaces, by the part of their name before `:` (see `interface_owner`).
    pub(crate) interfaces: BTreeMap<String, Vec<PathBuf>>,
}

/// Lists the bus. A live machine lists interfaces beside devices; in a copy they may lie only below them.
pub(crate) fn list(root: &Root, gaps: &mut Gaps) -> Result<Tree, crate::root::ReadError> {
    let listing = root.list_dir(DEVICES, MAX_ENTRIES)?;
    let mut tree = Tree::default();
    if listing.truncated {
        gaps.add("lists of devices", Why::OverLimit);
    }
    gaps.add_many("device names", Why::Malformed, listing.undecodable.try_into().unwrap_or(u64::MAX));
    for name in listing.names {
        if let Some((owner, _)) = sysfs::parse_interface_name(&name) {
            tree.interfaces.entry(owner.to_owned()).or_default().push(Path::new(DEVICES).join(&name));
        } else if sysfs::is_usb_device_name(&name) {
            tree.devices.push(name);
        } else {
            gaps.add("device names", Why::Malformed);
        }
    }
    for device in tree.devices.iter().take(MAX_DEVICES) {
        let owner = interface_owner(device);
        if tree.interfaces.contains_key(&owner) {
            continue;
        }
        let directory = Path::new(DEVICES).join(device);
        let Ok(nested) = root.list_dir(&directory, MAX_ENTRIES) else { continue };
        let below: Vec<_> = nested
            .names
            .iter()
            .filter(|name| sysfs::parse_interface_name(name).is_some_and(|(of, _)| of == owner))
            .map(|name| directory.join(name))
            .collect();
        if !below.is_empty() {
            tree.interfaces.insert(owner, below);
        }
    }
    for paths in tree.interfaces.values_mut() {
        if paths.len() > MAX_INTERFACES {
            gaps.add("interfaces", Why::OverLimit);
            paths.truncate(MAX_INTERFACES);
        }
    }
    Ok(tree)
}

/// What stands before `:` in the names of a device's interfaces: `1-0` for `usb1`, else the device's name.
fn interface_owner(device: &str) -> String {
    device.strip_prefix("usb").map_or_else(|| device.to_owned(), |bus| format!("{bus}-0"))
}

fn read_device(name: &str, from: &mut Attributes<'_>) -> UsbDevice {
    let descriptors = from.bytes("descriptors", "raw descriptors", MAX_DESCRIPTOR_BYTES);
    // The device descriptor leads (USB 2.0, table 9-8): idVendor at 8, idProduct at 10, bcdDevice at 12.
    let described = |at: usize| match descriptors.get(at..at + 2) {
        Some(&[low, high]) if descriptors.starts_with(&[18, 1]) => Some(u16::from_le_bytes([low, high])),
        _ => None,
    };
    let vendor_id = from.parsed("idVendor", sysfs::hex_u16).or_else(|| described(8));
    let product_id = from.parsed("idProduct", sysfs::hex_u16).or_else(|| described(10));
    let device_release = from.parsed("bcdDevice", sysfs::hex_u16).or_else(|| described(12));
    if vendor_id.is_none() || product_id.is_none() {
        from.gaps.add("vendor and product ids", Why::Missing);
    }
    let class = from.parsed("bDeviceClass", sysfs::hex_u8);
    let subclass = from.parsed("bDeviceSubClass", sysfs::hex_u8);
    let protocol = from.parsed("bDeviceProtocol", sysfs::hex_u8);
    UsbDevice {
        path: name.to_owned(),
        parent: sysfs::usb_parent(name),
        vendor_id: vendor_id.unwrap_or_default(),
        product_id: product_id.unwrap_or_default(),
        device_release: device_release.unwrap_or_default(),
        usb_release: from.parsed("version", parse_release),
        class: class
            .zip(subclass)
            .zip(protocol)
            .map(|((class, subclass), protocol)| (class, subclass, protocol)),
        manufacturer: from.text("manufacturer"),
        product: from.text("product"),
        serial: from.text("serial"),
        configuration: from.text("configuration"),
        speed: from.parsed("speed", |text| Some(UsbSpeed::from_mbps(text))).flatten(),
        max_power_ma: from.parsed("bMaxPower", parse_milliamperes),
        attributes: from.parsed("bmAttributes", sysfs::hex_u8),
        removable: from.text("removable"),
        interfaces: Vec::new(),
        descriptors,
        provenance: Some("present".to_owned()),
        ..UsbDevice::default()
    }
}

fn read_interface(root: &Root, directory: &Path, gaps: &mut Gaps) -> Option<UsbInterface> {
    let (_, number) = sysfs::parse_interface_name(directory.file_name()?.to_str()?)?;
    let mut from = Attributes { root, directory: directory.to_path_buf(), gaps };
    Some(UsbInterface {
        number: from.parsed("bInterfaceNumber", sysfs::hex_u8).unwrap_or(number),
        class: from.parsed("bInterfaceClass", sysfs::hex_u8).unwrap_or_default(),
        subclass: from.parsed("bInterfaceSubClass", sysfs::hex_u8).unwrap_or_default(),
        protocol: from.parsed("bInterfaceProtocol", sysfs::hex_u8).unwrap_or_default(),
        name: from.text("interface"),
        driver: from.driver(),
    })
}

/// The kernel's ` 2.00` as bcdUSB `0x0200`.
fn parse_release(text: &str) -> Option<u16> {
    let (major, minor) = text.split_once('.')?;
    let (major, minor) = (sysfs::hex_u8(major.trim())?, sysfs::hex_u8(minor)?);
    Some(u16::from_be_bytes([major, minor]))
}

/// The kernel's `500mA`.
fn parse_milliamperes(text: &str) -> Option<u16> {
    text.strip_suffix("mA")?.parse().ok()
}

/// Where the bus lists its devices.
pub(crate) const DEVICES: &str = "/sys/bus/usb/devices";
/// Most devices; a full bus has 127.
const MAX_DEVICES: usize = 512;
/// Most interfaces of one device (bNumInterfaces is a byte, 32 is what the kernel takes).
const MAX_INTERFACES: usize = 32;
/// Most entries of a list.
const MAX_ENTRIES: usize = MAX_DEVICES * MAX_INTERFACES;
/// Most bytes of one device's descriptors.
const MAX_DESCRIPTOR_BYTES: usize = 64 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests;
