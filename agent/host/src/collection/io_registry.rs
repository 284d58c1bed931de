//! The I/O registry of macOS, as `ioreg -l` and `ioreg -a` print it.
//!
//! Always: both forms come to the same flat list of entries with parents; an entry is judged by its properties, not
//! by its class's name, which changed from release to release.
//! Facts: `ioreg.c` of Apple's IOKitTools; keys of `USBSpec.h`, `IOHIDKeys.h` and `IOStorageDeviceCharacteristics.h`.

mod devices;
mod text;

pub use devices::{Found, devices};
pub use text::parse as parse_text;

use super::plist::Value;

/// One entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Its name, without its location.
    pub name: String,
    /// Its class.
    pub class: String,
    /// The entry it hangs on, by its place in the list; always an earlier one.
    pub parent: Option<usize>,
    /// The properties that matter here ([`KEYS`]).
    pub properties: Vec<(&'static str, Value)>,
}

impl Entry {
    fn get(&self, key: &str) -> Option<&Value> {
        self.properties.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.number()
    }

    fn text(&self, keys: [&str; 2]) -> Option<&str> {
        keys.into_iter().find_map(|key| self.get(key)?.text()).filter(|text| !text.trim().is_empty())
    }
}

/// The entries of a property list; `None` where it is not an I/O registry.
pub fn from_plist(root: &Value) -> Option<Vec<Entry>> {
    let roots = match root {
        Value::List(list) => list.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut pending: Vec<(&Value, Option<usize>)> = roots.iter().rev().map(|root| (root, None)).collect();
    let mut entries: Vec<Entry> = Vec::new();
    while let Some((value, parent)) = pending.pop() {
        let Value::Map(map) = value else { continue };
        let class = value.get("IOObjectClass").and_then(Value::text);
        let name = value.get("IORegistryEntryName").and_then(Value::text);
        if class.is_none() && name.is_none() {
            continue;
        }
        if entries.len() == MAX_ENTRIES {
            break;
        }
        let mut entry = Entry {
            name: name.unwrap_or_default().to_owned(),
            class: class.unwrap_or_default().to_owned(),
            parent,
            properties: Vec::new(),
        };
        for (key, value) in map {
            if let Some(key) = known_key(key) {
                entry.properties.push((key, value.clone()));
            }
        }
        let at = entries.len();
        entries.push(entry);
        let children = value.get("IORegistryEntryChildren").map(Value::list).unwrap_or_default();
        pending.extend(children.iter().rev().map(|child| (child, Some(at))));
    }
    (!entries.is_empty()).then_some(entries)
}

fn known_key(key: &str) -> Option<&'static str> {
    KEYS.iter().copied().find(|known| *known == key)
}

/// Properties that are kept.
pub const KEYS: &[&str] = &[
    "idVendor",
    "idProduct",
    "bcdDevice",
    "bcdUSB",
    "bDeviceClass",
    "bDeviceSubClass",
    "bDeviceProtocol",
    "bInterfaceNumber",
    "bAlternateSetting",
    "bInterfaceClass",
    "bInterfaceSubClass",
    "bInterfaceProtocol",
    "kUSBString",
    "USB Interface Name",
    "kUSBVendorString",
    "USB Vendor Name",
    "kUSBProductString",
    "USB Product Name",
    "kUSBSerialNumberString",
    "USB Serial Number",
    "Device Speed",
    "USBSpeed",
    "locationID",
    "LocationID",
    "UsbPowerSinkAllocation",
    "UsbDeviceSignature",
    "ReportDescriptor",
    "Transport",
    "VendorID",
    "ProductID",
    "Product",
    "Vendor Identification",
    "Product Identification",
    "Product Revision Level",
    "Peripheral Device Type",
    "IODisplayEDID",
    "EDID",
    "AppleClamshellState",
    "BatteryInstalled",
    "model",
    "OS Build Version",
];
/// Most entries.
const MAX_ENTRIES: usize = 200_000;

#[cfg(test)]
mod tests;
