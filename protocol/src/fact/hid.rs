use serde::{Deserialize, Serialize};

/// The bus a HID device is on. Linux `include/uapi/linux/input.h`, `BUS_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the kernel's words")]
pub enum HidBus {
    Usb,
    Bluetooth,
    I2c,
    Virtual,
    #[default]
    Other,
}

/// A HID device (one per interface on USB).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HidDevice {
    /// The kernel's name (`0003:413C:2011.0004`).
    pub path: String,
    /// Its bus.
    pub bus: HidBus,
    /// Vendor id as the HID layer has it.
    pub vendor_id: u16,
    /// Product id.
    pub product_id: u16,
    /// HID_NAME.
    pub name: Option<String>,
    /// The USB device it belongs to (`1-1`), where it is on USB.
    pub usb_path: Option<String>,
    /// The USB interface number.
    pub usb_interface: Option<u8>,
    /// The raw report descriptor.
    #[serde(with = "super::hex_bytes")]
    pub report_descriptor: Vec<u8>,
    /// The driver that is bound.
    pub driver: Option<String>,
}

/// An input device, as the input layer names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InputDevice {
    /// The kernel's name (`input12`).
    pub path: String,
    /// Shown name.
    pub name: Option<String>,
    /// Bus type number.
    pub bus: u16,
    /// Vendor id.
    pub vendor_id: u16,
    /// Product id.
    pub product_id: u16,
    /// Whether it has keys of a keyboard.
    pub keyboard: bool,
    /// Whether it has relative axes.
    pub relative: bool,
    /// Whether it has absolute axes.
    pub absolute: bool,
    /// Whether it is made by a program (uinput): under `/devices/virtual`.
    pub is_virtual: bool,
    /// The USB device it belongs to, where it does.
    pub usb_path: Option<String>,
}
