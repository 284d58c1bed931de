//! Which devices' bytes leave as they are: all that fit, those that type or point first, then displays.
//!
//! Always: [`MAX_BYTES`] in all and [`MAX_DEVICE_BYTES`] of one device; a device either leaves whole or by its digest.

use std::collections::BTreeSet;

use bearing_protocol::fact::{Display, Facts, UsbDevice};

/// Whether a device's bytes go along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// As they are.
    Kept,
    /// Only their digest.
    Digest,
}

/// What was chosen.
pub(super) struct Chosen<'a> {
    usb: BTreeSet<&'a str>,
    displays: BTreeSet<&'a str>,
}

pub(super) fn within_budget(facts: &Facts) -> Chosen<'_> {
    let mut left = MAX_BYTES;
    let mut take = |bytes: usize| {
        let fits = bytes > 0 && bytes <= MAX_DEVICE_BYTES.min(left);
        left -= if fits { bytes } else { 0 };
        fits
    };
    let size = |device: &UsbDevice| {
        let hid = facts.hid.iter().filter(|hid| hid.usb_path.as_ref() == Some(&device.path));
        let report: usize = hid.map(|hid| hid.report_descriptor.len()).sum();
        (device.descriptors.len() + report, report > 0)
    };
    let mut usb = BTreeSet::new();
    for wants_hid in [true, false] {
        for device in &facts.usb {
            let (bytes, has_hid) = size(device);
            if has_hid == wants_hid && take(bytes) {
                usb.insert(device.path.as_str());
            }
        }
    }
    let shown = facts.displays.iter().filter(|display| take(display.edid.len()));
    Chosen { usb, displays: shown.map(|display| display.connector.as_str()).collect() }
}

impl Chosen<'_> {
    pub(super) fn usb(&self, device: &UsbDevice) -> Raw {
        if self.usb.contains(device.path.as_str()) { Raw::Kept } else { Raw::Digest }
    }

    pub(super) fn display(&self, display: &Display) -> Raw {
        if self.displays.contains(display.connector.as_str()) { Raw::Kept } else { Raw::Digest }
    }
}

/// Most raw bytes of one report; a laptop with a dock has about 6 KiB.
const MAX_BYTES: usize = 64 * 1024;
/// Most raw bytes of one device.
const MAX_DEVICE_BYTES: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn device(path: &str, bytes: usize) -> UsbDevice {
        UsbDevice { path: path.into(), descriptors: vec![1; bytes], ..UsbDevice::default() }
    }

    #[test]
    fn what_types_goes_first_and_the_budget_holds() {
        let usb = (0..200).map(|n| device(&format!("1-{n}"), 4_096)).collect();
        let mut facts = Facts { usb, ..Facts::default() };
        facts.hid.push(bearing_protocol::fact::HidDevice {
            usb_path: Some("1-199".into()),
            report_descriptor: vec![5, 1],
            ..Default::default()
        });
        facts.usb.push(device("2-1", MAX_DEVICE_BYTES + 1));
        let chosen = within_budget(&facts);
        assert!(chosen.usb.contains("1-199"));
        assert_eq!(chosen.usb(facts.usb.last().unwrap()), Raw::Digest);
        assert!(chosen.usb.len() <= MAX_BYTES / 4_096);
    }
}
