//! Which one device an approval covers.
//!
//! Always: ids, serial, port and build have to be the approved ones, all of them: ids and strings are changed in a
//! minute, and a serial can be copied; what is built differently is another device.

use bearing_protocol::{digest::Digest, text::printable};
use serde::{Deserialize, Serialize};

/// The device that an approval names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceApproval {
    /// idVendor, four hex digits.
    pub vendor_id: String,
    /// idProduct, four hex digits.
    pub product_id: String,
    /// Its serial; a device without one has neither this nor `serial_sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Or the SHA-256 of its serial, where policy shall not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_sha256: Option<Digest>,
    /// The port it is plugged into (`1-1.4`).
    pub port: String,
    /// Digest of how it is built, as its finding and `bearing-agent explain usb` name it.
    pub descriptor_digest: Digest,
}

/// The device that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceScope {
    /// idVendor.
    pub vendor_id: u16,
    /// idProduct.
    pub product_id: u16,
    /// Its serial, where it has one.
    pub serial: Option<String>,
    /// The port.
    pub port: String,
    /// Digest of how it is built, where that could be read.
    pub descriptor_digest: Option<Digest>,
}

impl DeviceApproval {
    /// Whether it is this device.
    pub fn is(&self, seen: &DeviceScope) -> bool {
        let serial = seen.serial.as_deref().map(str::trim).filter(|serial| !serial.is_empty());
        let same_serial = match (&self.serial, &self.serial_sha256) {
            (Some(own), _) => serial == Some(own.trim()),
            (None, Some(digest)) => serial.is_some_and(|serial| Digest::of(serial.as_bytes()) == *digest),
            (None, None) => serial.is_none(),
        };
        id(&self.vendor_id) == Some(seen.vendor_id)
            && id(&self.product_id) == Some(seen.product_id)
            && same_serial
            && self.port == seen.port
            && Some(self.descriptor_digest) == seen.descriptor_digest
    }

    pub(super) fn flaw(&self) -> Option<String> {
        for (name, text) in [("vendor_id", &self.vendor_id), ("product_id", &self.product_id)] {
            if id(text).is_none() {
                let shown = printable(text, 20);
                return Some(format!("`{name}` of an approved device is four hex digits, not `{shown}`"));
            }
        }
        if self.serial.is_some() && self.serial_sha256.is_some() {
            return Some("an approved device has `serial` or `serial_sha256`, not both".into());
        }
        if self.port.trim().is_empty()
            || self.serial.as_deref().is_some_and(|serial| serial.trim().is_empty())
        {
            return Some("`port` and `serial` of an approved device are not empty".into());
        }
        None
    }
}

fn id(text: &str) -> Option<u16> {
    (text.len() == 4).then(|| u16::from_str_radix(text, 16).ok()).flatten()
}

/// Rules that are about a device one can plug in: approving one of them names the device.
pub(super) const NEED_A_DEVICE: [&str; 4] = ["KV-01", "KV-03", "KV-04", "KV-05"];
