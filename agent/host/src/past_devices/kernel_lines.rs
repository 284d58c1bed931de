//! USB devices in the kernel's own words.
//!
//! Always: a line says only what it says; what the device sent stands behind a fixed beginning, so nothing in its
//! strings can pass for another line; a device without ids is none.
//! Facts: `drivers/usb/core/hub.c` (`announce_device`, `usb_disconnect`), `drivers/usb/storage/usb.c`,
//! `drivers/scsi/scsi_scan.c` (`scsi_add_lun`) of Linux.

use std::collections::BTreeMap;

use bearing_protocol::{
    Timestamp,
    fact::{DeviceAction, DeviceEvent, StorageDevice, UsbDevice, UsbSpeed},
};

use super::Past;
use crate::sysfs;

/// A line of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelLine {
    /// When it was written, where that is known.
    pub at: Option<Timestamp>,
    /// The line, without time and prefix.
    pub text: String,
}

/// Devices in lines, which are in the order of time. `provenance` says where the lines are from.
pub fn devices(lines: &[KernelLine], provenance: &'static str) -> Past {
    let mut history = History { provenance, ..History::default() };
    lines.iter().for_each(|line| history.take(line));
    history.finish()
}

#[derive(Default)]
struct History {
    provenance: &'static str,
    past: Past,
    open: BTreeMap<String, Known>,
    /// SCSI hosts that are USB drives.
    hosts: BTreeMap<u32, String>,
    speeds: BTreeMap<String, UsbSpeed>,
}

#[derive(Default)]
struct Known {
    usb: UsbDevice,
    storage: Vec<StorageDevice>,
}

impl History {
    fn take(&mut self, line: &KernelLine) {
        if let Some((path, words)) = line.text.strip_prefix("usb ").and_then(|rest| rest.split_once(": ")) {
            if sysfs::is_usb_device_name(path) && !path.starts_with("usb") {
                self.usb(path, words, line.at);
            }
        } else if let Some(rest) = line.text.strip_prefix("scsi ") {
            self.scsi(rest);
        }
    }

    fn usb(&mut self, path: &str, words: &str, at: Option<Timestamp>) {
        if let Some(rest) = words.strip_prefix("New USB device found, ") {
            self.end(path, at);
            let Some((vendor_id, product_id)) = value(rest, "idVendor=").zip(value(rest, "idProduct="))
            else {
                return;
            };
            let release = rest.split_once("bcdDevice=").and_then(|(_, text)| release(text.trim()));
            let usb = UsbDevice {
                path: path.to_owned(),
                parent: sysfs::usb_parent(path),
                vendor_id,
                product_id,
                device_release: release.unwrap_or_default(),
                speed: self.speeds.remove(path),
                first_seen: at,
                last_seen: at,
                provenance: Some(self.provenance.to_owned()),
                ..UsbDevice::default()
            };
            self.event(DeviceAction::Attached, &usb, at);
            if self.open.len() < MAX_OPEN {
                self.open.insert(path.to_owned(), Known { usb, storage: Vec::new() });
            }
        } else if words.starts_with("USB disconnect") {
            self.end(path, at);
        } else if words.starts_with("new ") && words.contains("-speed") {
            if let Some(speed) = speed(words)
                && self.speeds.len() < MAX_OPEN
            {
                self.speeds.insert(path.to_owned(), speed);
            }
        } else if let Some(known) = self.open.get_mut(path) {
            let string = |prefix: &str| words.strip_prefix(prefix).map(|text| cut(text).to_owned());
            let strings = [
                (&mut known.usb.product, "Product: "),
                (&mut known.usb.manufacturer, "Manufacturer: "),
                (&mut known.usb.serial, "SerialNumber: "),
            ];
            for (field, prefix) in strings {
                if let Some(text) = string(prefix) {
                    *field = Some(text);
                }
            }
        }
    }

    /// `host2: usb-storage 1-1:1.3`, then `2:0:0:0: CD-ROM            PiKVM    CD-ROM Drive     0606 PQ: 0 ANSI: 2`.
    fn scsi(&mut self, rest: &str) {
        let Some((place, words)) = rest.split_once(": ") else { return };
        if let Some(number) = place.strip_prefix("host").and_then(|number| number.parse().ok()) {
            let interface = words.strip_prefix("usb-storage ").or_else(|| words.strip_prefix("uas "));
            let device = interface.and_then(|name| sysfs::parse_interface_name(name.trim()));
            if let Some((device, _)) = device
                && self.hosts.len() < MAX_OPEN
            {
                self.hosts.insert(number, device.to_owned());
            }
            return;
        }
        let host = place.split(':').next().and_then(|number| number.parse::<u32>().ok());
        let Some(path) = host.and_then(|host| self.hosts.get(&host)) else { return };
        let Some(known) = self.open.get_mut(path) else { return };
        let field = |from: usize, length: usize| words.get(from..from + length).map(str::to_owned);
        let (Some(vendor), Some(model), Some(revision)) = (field(18, 8), field(27, 16), field(44, 4)) else {
            return;
        };
        if known.storage.len() < MAX_DRIVES && words.contains(" PQ: ") {
            known.storage.push(StorageDevice {
                name: place.to_owned(),
                vendor: Some(vendor),
                model: Some(model),
                revision: Some(revision),
                device_type: match words.split(' ').next() {
                    Some("Direct-Access") => Some(0),
                    Some("CD-ROM") => Some(5),
                    _ => None,
                },
                removable: None,
                usb_path: Some(path.clone()),
            });
        }
    }

    fn end(&mut self, path: &str, at: Option<Timestamp>) {
        let Some(mut known) = self.open.remove(path) else { return };
        known.usb.last_seen = at.or(known.usb.last_seen);
        self.event(DeviceAction::Detached, &known.usb, at);
        self.hosts.retain(|_, device| device != path);
        self.keep(known);
    }

    fn keep(&mut self, known: Known) {
        self.past.add(known.usb, known.storage);
    }

    fn event(&mut self, action: DeviceAction, usb: &UsbDevice, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        self.past.events.push(DeviceEvent {
            at,
            action,
            subject: format!("usb:{}", usb.path),
            what: what(usb),
            shape: None,
        });
    }

    fn finish(mut self) -> Past {
        for (_, known) in std::mem::take(&mut self.open) {
            self.keep(known);
        }
        self.past
    }
}

/// `1d6b:0104 "PiKVM Composite Device"`.
pub(super) fn what(usb: &UsbDevice) -> String {
    let ids = format!("{:04x}:{:04x}", usb.vendor_id, usb.product_id);
    usb.product.as_deref().map_or(ids.clone(), |name| {
        format!("{ids} \"{}\"", bearing_protocol::text::printable(name, MAX_STRING_BYTES))
    })
}

/// The four hexadecimal digits after `name`.
fn value(text: &str, name: &str) -> Option<u16> {
    sysfs::hex_u16(text.split_once(name)?.1.get(..4)?)
}

/// The kernel's ` 1.00` as bcdDevice.
fn release(text: &str) -> Option<u16> {
    let (major, minor) = text.split_once('.')?;
    Some(u16::from_be_bytes([sysfs::hex_u8(major.trim())?, sysfs::hex_u8(minor.get(..2)?)?]))
}

/// `new high-speed USB device number 5 using xhci_hcd`.
fn speed(words: &str) -> Option<UsbSpeed> {
    let (kind, _) = words.strip_prefix("new ")?.split_once("-speed")?;
    match kind {
        "low" => Some(UsbSpeed::Low),
        "full" => Some(UsbSpeed::Full),
        "high" => Some(UsbSpeed::High),
        _ if words.contains("SuperSpeed Plus") || words.contains("SuperSpeedPlus") => {
            Some(UsbSpeed::SuperPlus)
        }
        _ => None,
    }
}

fn cut(text: &str) -> &str {
    bearing_protocol::text::truncate(text, MAX_STRING_BYTES)
}

/// A string descriptor holds at most 126 characters.
const MAX_STRING_BYTES: usize = 378;
const MAX_OPEN: usize = 512;
const MAX_DRIVES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<KernelLine> {
        let at = |second: usize| Timestamp::from_second(1_790_000_000 + second as i64).ok();
        texts
            .iter()
            .enumerate()
            .map(|(second, text)| KernelLine { at: at(second), text: (*text).to_owned() })
            .collect()
    }

    #[test]
    fn a_device_is_told_from_its_coming_to_its_going() {
        let past = devices(
            &lines(&[
                "usb 1-1: new high-speed USB device number 5 using xhci_hcd",
                "usb 1-1: New USB device found, idVendor=1d6b, idProduct=0104, bcdDevice= 1.00",
                "usb 1-1: New USB device strings: Mfr=1, Product=2, SerialNumber=3",
                "usb 1-1: Product: PiKVM Composite Device",
                "usb 1-1: Manufacturer: PiKVM",
                "usb 1-1: SerialNumber: CAFEBABE",
                "scsi host2: usb-storage 1-1:1.3",
                "scsi 2:0:0:0: CD-ROM            PiKVM    CD-ROM Drive     0606 PQ: 0 ANSI: 2",
                "usb 1-1: USB disconnect, device number 5",
            ]),
            "kernel-log",
        );
        let [usb] = &past.usb[..] else { panic!("{:?}", past.usb) };
        assert_eq!(usb.path, format!("1-1@{}", Timestamp::from_second(1_790_000_008).unwrap()));
        assert_eq!((usb.vendor_id, usb.product_id, usb.device_release), (0x1d6b, 0x0104, 0x0100));
        assert_eq!(usb.speed, Some(UsbSpeed::High));
        assert_eq!(usb.product.as_deref(), Some("PiKVM Composite Device"));
        assert_eq!(usb.serial.as_deref(), Some("CAFEBABE"));
        assert_eq!(past.storage[0].vendor.as_deref(), Some("PiKVM   "));
        assert_eq!(past.storage[0].model.as_deref(), Some("CD-ROM Drive    "));
        assert_eq!(past.storage[0].revision.as_deref(), Some("0606"));
        assert_eq!(past.storage[0].usb_path.as_ref(), Some(&usb.path));
        let actions: Vec<_> = past.events.iter().map(|event| event.action).collect();
        assert_eq!(actions, [DeviceAction::Attached, DeviceAction::Detached]);
        assert_eq!(past.events[1].what, "1d6b:0104 \"PiKVM Composite Device\"");
    }

    #[test]
    fn strings_of_a_device_are_no_lines_of_the_kernel() {
        let past = devices(
            &lines(&[
                "usb 1-2: New USB device found, idVendor=046d, idProduct=c52b, bcdDevice=12.11",
                "usb 1-2: Product: usb 1-3: New USB device found, idVendor=1d6b, idProduct=0104",
                "usb 1-3 New USB device found",
                "usb 1-4: New USB device found, idVendor=zz, idProduct=0104",
                "usb ../x: New USB device found, idVendor=1d6b, idProduct=0104",
                "usb 1-9: Product: a string without its device",
            ]),
            "kernel-log",
        );
        assert_eq!(past.usb.len(), 1);
        assert_eq!(past.usb[0].device_release, 0x1211);
    }
}
