//! Attributes of `/sys`, and what a device's place in its tree tells.
//!
//! Facts: `Documentation/admin-guide/sysfs-rules.rst` and `Documentation/ABI/*/sysfs-bus-usb` of Linux.
//! The entries of `/sys/bus/*/devices` and `/sys/class/*` are links into `/sys/devices`, whose text
//! names every device above; in a copied machine they may be plain directories.

use std::path::{Path, PathBuf};

use crate::{
    gaps::{Gaps, Why},
    root::Root,
};

/// One directory of attributes; what cannot be read is counted.
pub(crate) struct Attributes<'a> {
    pub(crate) root: &'a Root,
    pub(crate) directory: PathBuf,
    pub(crate) gaps: &'a mut Gaps,
}

impl Attributes<'_> {
    /// An attribute's text without the line's end. Blanks stay: they tell devices apart. Nothing and
    /// empty are both `None`.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.root.read_text(self.directory.join(name), MAX_ATTRIBUTE_BYTES) {
            Ok(text) => {
                let text = text.trim_end_matches(['\n', '\0']);
                (!text.is_empty()).then(|| text.to_owned())
            }
            Err(error) => {
                self.gaps.add_error("attributes", &error);
                None
            }
        }
    }

    /// An attribute that `parse` gives a meaning; what it does not understand is malformed.
    pub(crate) fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(text.trim());
        if value.is_none() {
            self.gaps.add("attributes", Why::Malformed);
        }
        value
    }

    /// An attribute's bytes, empty where there are none.
    pub(crate) fn bytes(&mut self, name: &str, what: &'static str, max_bytes: usize) -> Vec<u8> {
        match self.root.read(self.directory.join(name), max_bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.gaps.add_error(what, &error);
                Vec::new()
            }
        }
    }

    /// The name of the driver that is bound, from the `driver` link or, where that was not copied, from
    /// `DRIVER=` of `uevent`.
    pub(crate) fn driver(&mut self) -> Option<String> {
        link_name(self.root, &self.directory.join("driver")).or_else(|| self.uevent("DRIVER"))
    }

    /// A variable of `uevent`.
    pub(crate) fn uevent(&mut self, variable: &str) -> Option<String> {
        let text = self.text("uevent")?;
        uevent_variable(&text, variable).map(str::to_owned)
    }
}

/// A variable of a `uevent` file: `NAME=value` lines. Empty is `None`.
pub(crate) fn uevent_variable<'a>(text: &'a str, variable: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(variable)?.strip_prefix('='))
        .filter(|value| !value.is_empty())
}

/// The last component of what a link names.
pub(crate) fn link_name(root: &Root, path: &Path) -> Option<String> {
    Some(root.read_link(path).ok()?.file_name()?.to_str()?.to_owned())
}

/// Where a device lies: the text of its link into `/sys/devices`, or its own path where it is no link.
pub(crate) fn location(root: &Root, path: &Path) -> PathBuf {
    root.read_link(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Whether a location is among devices that programs make (`/sys/devices/virtual`).
pub(crate) fn is_virtual(location: &Path) -> bool {
    let parts: Vec<_> = location.iter().collect();
    parts.windows(2).any(|pair| pair[0] == "devices" && pair[1] == "virtual")
}

/// The USB device, and its interface where there is one, that a location lies at or below.
pub(crate) fn usb_of(location: &Path) -> Option<(String, Option<u8>)> {
    let mut found = None;
    let mut above = "";
    for part in location.iter().filter_map(|part| part.to_str()) {
        if let Some((device, number)) = parse_interface_name(part) {
            found = Some((device.to_owned(), Some(number)));
        } else if let Some(parent) = usb_parent(part) {
            // Names of other buses look alike (`1-50` on I2C): a USB device hangs on its hub, or stands
            // in the bus's own list.
            if parent == above || above == "devices" {
                found = Some((part.to_owned(), None));
            }
        }
        above = part;
    }
    found
}

/// Whether a name is a USB device's: `usb1`, or bus, `-`, and ports joined by `.`.
pub(crate) fn is_usb_device_name(name: &str) -> bool {
    name.strip_prefix("usb").is_some_and(is_number) || usb_parent(name).is_some()
}

/// The hub that a USB device hangs on, by its name: `1-1` for `1-1.4`, `usb1` for `1-1`.
pub(crate) fn usb_parent(name: &str) -> Option<String> {
    let (bus, ports) = name.split_once('-')?;
    if !is_number(bus) || !ports.split('.').all(is_number) {
        return None;
    }
    Some(name.rsplit_once('.').map_or_else(|| format!("usb{bus}"), |(hub, _)| hub.to_owned()))
}

/// A USB interface's name as device and number: `1-1:1.0` is interface 0 of `1-1`; a root hub's is `1-0:1.0`.
pub(crate) fn parse_interface_name(name: &str) -> Option<(&str, u8)> {
    let (device, rest) = name.split_once(':')?;
    let (configuration, number) = rest.split_once('.')?;
    let root_hub = device.strip_suffix("-0").is_some_and(is_number);
    if !(root_hub || usb_parent(device).is_some()) || configuration.parse::<u8>().is_err() {
        return None;
    }
    Some((device, number.parse().ok()?))
}

/// A positive number as the kernel writes it: digits, no leading zero.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 5 && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
}

/// A hexadecimal number, with or without `0x`.
pub(crate) fn hex_u16(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

/// A hexadecimal byte.
pub(crate) fn hex_u8(text: &str) -> Option<u8> {
    u8::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

/// A flag: `0` or `1`.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// An attribute is at most one page.
pub(crate) const MAX_ATTRIBUTE_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn usb(path: &str) -> Option<(String, Option<u8>)> {
        usb_of(Path::new(path))
    }

    #[test]
    fn a_place_names_its_usb_device() {
        let net = "../../devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.4/1-1.4:1.2/net/eth1";
        assert_eq!(usb(net), Some(("1-1.4".to_owned(), Some(2))));
        assert_eq!(usb("/sys/bus/usb/devices/1-1"), Some(("1-1".to_owned(), None)));
        assert_eq!(
            usb("/sys/bus/usb/devices/1-1:1.0/0003:413C:2011.0001"),
            Some(("1-1".to_owned(), Some(0)))
        );
        assert_eq!(usb("../../../devices/platform/soc/i2c-1/1-50/0018:04F3:0001.0001"), None);
        assert_eq!(
            usb("../../../devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda"),
            None
        );
    }

    #[test]
    fn names_are_told_apart() {
        assert_eq!(usb_parent("1-1.4.2").as_deref(), Some("1-1.4"));
        assert_eq!(usb_parent("12-3").as_deref(), Some("usb12"));
        for wrong in ["1-0050", "1-", "-1", "1-1.", "usb1", "1-1:1.0", "a-1", "1-999999"] {
            assert_eq!(usb_parent(wrong), None, "{wrong}");
        }
        assert_eq!(parse_interface_name("1-0:1.0"), Some(("1-0", 0)));
        for wrong in ["1-1", "1-1:1", "1-1:x.0", "1-1:1.256", "0003:413C:2011.0001"] {
            assert_eq!(parse_interface_name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn virtual_devices_are_told_by_their_place() {
        assert!(is_virtual(Path::new("../../devices/virtual/input/input7")));
        assert!(!is_virtual(Path::new("../../devices/pci0000:00/virtual/input7")));
    }
}
