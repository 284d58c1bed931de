//! What a log or a hive still knows of devices whose links are gone: HID nodes, and drives without their device.
//!
//! Always: a drive is tied to a device without a link only where it is the only one that can be meant; else it
//! stands alone, as a past device without ids.

use std::collections::BTreeSet;

use bearing_protocol::fact::{UsbDevice, UsbInterface};

use super::{HID_CLASS, MAX_INTERFACES, Node, ids::hid_ids, usb_ids};

/// Makes the interface below each HID node known as HID: the node itself is proof of it.
pub(super) fn add_hid(nodes: &[Node], devices: &[&Node], usb: &mut [UsbDevice]) {
    for ids in nodes.iter().filter_map(|node| hid_ids(&node.instance)) {
        let mut same = devices.iter().zip(&mut *usb).filter(|(device, known)| {
            usb_ids(&device.instance).is_some_and(|of| of.is_of(&ids))
                && known.interfaces.len() < MAX_INTERFACES
        });
        let (Some((_, device)), None) = (same.next(), same.next()) else { continue };
        let number = ids.interface.unwrap_or_default();
        if device.interfaces.iter().all(|known| known.number != number) {
            device.interfaces.push(UsbInterface { number, class: HID_CLASS, ..UsbInterface::default() });
        }
    }
}

/// What is known of devices when drives are tied to them.
pub(super) struct Known<'a> {
    /// Each device's node, at its place in `usb`.
    pub devices: &'a [&'a Node],
    /// Parts, and the place of the device of each.
    pub parts: &'a [(&'a Node, usize)],
    /// The devices.
    pub usb: &'a [UsbDevice],
    /// Places of the devices whose drives are known by a link.
    pub taken: &'a BTreeSet<usize>,
}

impl Known<'_> {
    /// The only device that a drive without a link can be part of.
    pub(super) fn only_for(&self, drive: &Node) -> Option<usize> {
        if drive.parent.is_some() || drive.container.is_some() {
            return None;
        }
        let mut fitting =
            (0..self.devices.len()).filter(|at| !self.taken.contains(at) && self.may_hold(*at, drive));
        let found = fitting.next()?;
        fitting.next().is_none().then_some(found)
    }

    /// Whether a part, or a device without parts, is storage or of unknown class, one level above the drive.
    fn may_hold(&self, at: usize, drive: &Node) -> bool {
        let (Some(device), Some(usb)) = (self.devices.get(at), self.usb.get(at)) else { return false };
        let class_of = |number: Option<u8>| {
            usb.interfaces.iter().find(|known| known.number == number.unwrap_or_default()).map(|i| i.class)
        };
        let may_be = |class: Option<u8>| class.is_none_or(|class| class == STORAGE_CLASS);
        let mut parts = self.parts.iter().filter(|(_, of)| *of == at).map(|(part, _)| *part).peekable();
        if parts.peek().is_none() {
            return may_be(class_of(None)) && is_below(drive, device);
        }
        parts.any(|part| {
            let number = usb_ids(&part.instance).and_then(|ids| ids.interface);
            may_be(class_of(number)) && is_below(drive, part)
        })
    }
}

/// Instances that Windows makes begin with the level in its tree: a drive stands one below what it is a part of.
fn is_below(drive: &Node, part: &Node) -> bool {
    match (level(drive.tail()), level(part.tail())) {
        (Some(drive), Some(part)) => drive == part + 1,
        _ => true,
    }
}

/// `7` of `7&1a2b3c4d&0`; `None` where the instance is a serial.
fn level(tail: &str) -> Option<u32> {
    let (level, rest) = tail.split_once('&')?;
    (level.len() == 1 && rest.contains('&')).then(|| u32::from_str_radix(level, 16).ok()).flatten()
}

/// The device of a drive that nothing else is known of: no ids, a storage interface, and when it was seen.
pub(super) fn drive_alone(drive: &Node, number: usize, provenance: &str) -> UsbDevice {
    let time = drive.last_seen.map(|time| format!("@{time:.0}")).unwrap_or_default();
    UsbDevice {
        path: format!("USBSTOR#{number}{time}"),
        serial: serial_of(drive.tail()).map(str::to_owned),
        interfaces: vec![UsbInterface { class: STORAGE_CLASS, ..UsbInterface::default() }],
        provenance: Some(provenance.to_owned()),
        first_seen: drive.first_seen,
        last_seen: drive.last_seen,
        ..UsbDevice::default()
    }
}

/// The serial inside a drive's instance: `SERIAL&0`, or `7&1a2b3c4d&0&SERIAL&0` below a part.
pub(super) fn serial_of(tail: &str) -> Option<&str> {
    let (rest, unit) = tail.rsplit_once('&')?;
    if unit.is_empty() || !unit.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if level(tail).is_none() {
        return Some(rest);
    }
    // Level, hash, number: what follows is the device's own.
    rest.splitn(4, '&').nth(3).filter(|serial| !serial.is_empty())
}

/// bInterfaceClass of mass storage.
const STORAGE_CLASS: u8 = 8;
