use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Bus speed. USB 2.0 section 9.1; USB 3.2 section 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the standard's words")]
pub enum UsbSpeed {
    Low,
    Full,
    High,
    Super,
    SuperPlus,
}

impl UsbSpeed {
    /// The speed behind the kernel's figure in Mb/s (`1.5`, `12`, `480`, `5000`, `10000`, `20000`).
    pub fn from_mbps(text: &str) -> Option<Self> {
        match text.trim() {
            "1.5" => Some(Self::Low),
            "12" => Some(Self::Full),
            "480" => Some(Self::High),
            "5000" => Some(Self::Super),
            "10000" | "20000" => Some(Self::SuperPlus),
            _ => None,
        }
    }

    /// For people: `480 Mb/s`.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Low => "1.5 Mb/s",
            Self::Full => "12 Mb/s",
            Self::High => "480 Mb/s",
            Self::Super => "5 Gb/s",
            Self::SuperPlus => "10 Gb/s or more",
        }
    }
}

/// A USB device as it shows itself. Hubs and root hubs included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsbDevice {
    /// The kernel's name for its place (`1-1.4`, `usb1`).
    pub path: String,
    /// The place of the hub it hangs on (`1-1`), where it hangs on one.
    pub parent: Option<String>,
    /// idVendor.
    pub vendor_id: u16,
    /// idProduct.
    pub product_id: u16,
    /// bcdDevice.
    pub device_release: u16,
    /// bcdUSB (`0x0200`), where readable.
    pub usb_release: Option<u16>,
    /// bDeviceClass, bDeviceSubClass, bDeviceProtocol.
    pub class: Option<(u8, u8, u8)>,
    /// iManufacturer's string.
    pub manufacturer: Option<String>,
    /// iProduct's string.
    pub product: Option<String>,
    /// iSerialNumber's string. Leaves the device only as HMAC, or clear where it is a catalogue constant.
    pub serial: Option<String>,
    /// The active configuration's string.
    pub configuration: Option<String>,
    /// Bus speed.
    pub speed: Option<UsbSpeed>,
    /// bMaxPower in mA.
    pub max_power_ma: Option<u16>,
    /// bmAttributes of the configuration.
    pub attributes: Option<u8>,
    /// Whether the port is marked `fixed` or `removable`.
    pub removable: Option<String>,
    /// Interfaces of the active configuration, from sysfs (may be empty where only descriptors were readable).
    pub interfaces: Vec<UsbInterface>,
    /// Raw device and configuration descriptors, as `/sys/…/descriptors` gives them.
    #[serde(with = "super::hex_bytes", skip_serializing_if = "Vec::is_empty")]
    pub descriptors: Vec<u8>,
    /// `present`, or how else we know (`journal`, `udev-database`): past devices are lower-confidence facts.
    /// A past device's `path` ends in `@` and when it was last seen (`1-1@2026-11-25T02:10:00Z`).
    pub provenance: Option<String>,
    /// When it was first seen, where that is on record.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen, for past devices.
    pub last_seen: Option<Timestamp>,
}

/// One interface of a USB device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsbInterface {
    /// bInterfaceNumber.
    pub number: u8,
    /// bInterfaceClass.
    pub class: u8,
    /// bInterfaceSubClass.
    pub subclass: u8,
    /// bInterfaceProtocol.
    pub protocol: u8,
    /// iInterface's string.
    pub name: Option<String>,
    /// The driver that is bound.
    pub driver: Option<String>,
}
