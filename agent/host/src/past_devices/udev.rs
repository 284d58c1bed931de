//! USB devices in the database of udev.
//!
//! Always: an entry whose device is there now is no past device; one that is left over is.
//! Facts: `src/libsystemd/sd-device/device-private.c` of systemd (`c189:4`: lines `I:` microseconds since the start,
//! `E:NAME=value`); `drivers/usb/core` (major 189; minor is (bus − 1) · 128 + device − 1); `udev-builtin-usb_id.c`.

use std::path::Path;

use bearing_protocol::{Timestamp, fact::UsbDevice};
use jiff::SignedDuration;

use super::{MAX_ENTRIES, Past};
use crate::{
    gaps::{Gaps, Why},
    reading::Context,
    sysfs,
};

pub(super) fn read(context: &Context, gaps: &mut Gaps) -> Option<(usize, Past)> {
    let listing = context.root.list_dir(DATABASE, MAX_ENTRIES).ok()?;
    if listing.truncated {
        gaps.add("entries of the device database", Why::OverLimit);
    }
    let mut past = Past::default();
    let mut files = 0;
    for name in &listing.names {
        let Some(minor) = name.strip_prefix("c189:").and_then(|minor| minor.parse::<u32>().ok()) else {
            continue;
        };
        match context.root.read_text(Path::new(DATABASE).join(name), MAX_ENTRY_BYTES) {
            Ok(text) => {
                files += 1;
                if let Some(usb) = parse(&text, minor, context.earlier.boot.at) {
                    past.add(usb, Vec::new());
                }
            }
            Err(error) => gaps.add_error("entries of the device database", &error),
        }
    }
    Some((files, past))
}

/// One entry of the database; `None` where it names no device or no place.
pub fn parse(text: &str, minor: u32, booted_at: Option<Timestamp>) -> Option<UsbDevice> {
    let value = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix("E:")?.strip_prefix(name)?.strip_prefix('='))
    };
    let initialised = text.lines().find_map(|line| line.strip_prefix("I:")?.trim().parse::<i64>().ok());
    let at = booted_at
        .zip(initialised)
        .and_then(|(boot, micros)| boot.checked_add(SignedDuration::from_micros(micros)).ok());
    // `pci-0000:00:14.0-usb-0:1.4` and, for an interface, `…:1.0`.
    let (_, place) = value("ID_PATH")?.split_once("usb-0:")?;
    let ports = place.split(':').next()?;
    let path = format!("{}-{ports}", minor / 128 + 1);
    if !sysfs::is_usb_device_name(&path) {
        return None;
    }
    let interfaces = value("ID_USB_INTERFACES").unwrap_or_default().split(':').filter_map(triplet);
    Some(UsbDevice {
        parent: sysfs::usb_parent(&path),
        path,
        vendor_id: value("ID_VENDOR_ID").and_then(sysfs::hex_u16)?,
        product_id: value("ID_MODEL_ID").and_then(sysfs::hex_u16)?,
        device_release: value("ID_REVISION").and_then(sysfs::hex_u16).unwrap_or_default(),
        manufacturer: value("ID_VENDOR_ENC").map(unescape).filter(|text| !text.is_empty()),
        product: value("ID_MODEL_ENC").map(unescape).filter(|text| !text.is_empty()),
        serial: value("ID_SERIAL_SHORT").map(|text| cut(text).to_owned()),
        interfaces: super::interfaces(interfaces),
        provenance: Some("udev-database".to_owned()),
        first_seen: at,
        last_seen: at,
        ..UsbDevice::default()
    })
}

/// `030101`.
fn triplet(text: &str) -> Option<(u8, u8, u8)> {
    let byte = |at: usize| sysfs::hex_u8(text.get(at..at + 2)?);
    (text.len() == 6).then(|| Some((byte(0)?, byte(2)?, byte(4)?))).flatten()
}

/// `PiKVM\x20Composite\x20Device`.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = cut(text);
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(sysfs::hex_u8) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn cut(text: &str) -> &str {
    bearing_protocol::text::truncate(text, MAX_VALUE_BYTES)
}

const DATABASE: &str = "/run/udev/data";
const MAX_ENTRY_BYTES: usize = 16 * 1024;
const MAX_VALUE_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "N:bus/usb/001/005\nI:2000000\nE:ID_VENDOR=PiKVM\nE:ID_VENDOR_ENC=PiKVM\nE:ID_VENDOR_ID=1d6b\n\
        E:ID_MODEL_ENC=PiKVM\\x20Composite\\x20Device\nE:ID_MODEL_ID=0104\nE:ID_REVISION=0100\n\
        E:ID_SERIAL_SHORT=CAFEBABE\nE:ID_USB_INTERFACES=:030101:030000:080650:\n\
        E:ID_PATH=pci-0000:00:14.0-usb-0:1.4\nG:seat\n";

    #[test]
    fn an_entry_names_place_identity_and_time() {
        let boot = "2026-11-25T00:00:00Z".parse().unwrap();
        let usb = parse(ENTRY, 4, Some(boot)).unwrap();
        assert_eq!((usb.path.as_str(), usb.parent.as_deref()), ("1-1.4", Some("1-1")));
        assert_eq!((usb.vendor_id, usb.product_id, usb.device_release), (0x1d6b, 0x0104, 0x0100));
        assert_eq!(usb.product.as_deref(), Some("PiKVM Composite Device"));
        assert_eq!(usb.serial.as_deref(), Some("CAFEBABE"));
        let triplets: Vec<_> = usb.interfaces.iter().map(|i| (i.class, i.subclass, i.protocol)).collect();
        assert_eq!(triplets, [(3, 1, 1), (3, 0, 0), (8, 6, 0x50)]);
        assert_eq!(usb.last_seen.unwrap().to_string(), "2026-11-25T00:00:02Z");
        assert!(parse(&ENTRY.replace("usb-0:1.4", "usb-0:../x"), 4, None).is_none());
        assert!(parse("", 0, None).is_none());
    }

    #[test]
    fn escapes_that_are_none_stay() {
        assert_eq!(unescape("a\\x2fb\\xzz\\x"), "a/b\\xzz\\x");
    }
}
