//! The single descriptors: device, endpoint, HID class.

use serde::{Deserialize, Serialize};

use crate::bytes::{u8_at, u16_le};

/// The device descriptor. USB 2.0 section 9.6.1, table 9-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeviceDescriptor {
    /// bcdUSB.
    pub usb_release: u16,
    /// bDeviceClass.
    pub class: u8,
    /// bDeviceSubClass.
    pub subclass: u8,
    /// bDeviceProtocol.
    pub protocol: u8,
    /// bMaxPacketSize0, bytes (an exponent on SuperSpeed).
    pub max_packet_size0: u8,
    /// idVendor.
    pub vendor_id: u16,
    /// idProduct.
    pub product_id: u16,
    /// bcdDevice.
    pub device_release: u16,
    /// iManufacturer, 0 for none.
    pub manufacturer_index: u8,
    /// iProduct, 0 for none.
    pub product_index: u8,
    /// iSerialNumber, 0 for none.
    pub serial_index: u8,
    /// bNumConfigurations.
    pub configurations: u8,
}

impl DeviceDescriptor {
    /// Length of a device descriptor.
    pub const LENGTH: u8 = 18;
    /// bDescriptorType of a device descriptor (USB 2.0 table 9-5).
    pub const TYPE: u8 = 0x01;

    /// Reads one from its 18 bytes; `None` where there are fewer.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            usb_release: u16_le(bytes, 2)?,
            class: u8_at(bytes, 4)?,
            subclass: u8_at(bytes, 5)?,
            protocol: u8_at(bytes, 6)?,
            max_packet_size0: u8_at(bytes, 7)?,
            vendor_id: u16_le(bytes, 8)?,
            product_id: u16_le(bytes, 10)?,
            device_release: u16_le(bytes, 12)?,
            manufacturer_index: u8_at(bytes, 14)?,
            product_index: u8_at(bytes, 15)?,
            serial_index: u8_at(bytes, 16)?,
            configurations: u8_at(bytes, 17)?,
        })
    }
}

/// How an endpoint transfers. USB 2.0 table 9-13, bmAttributes bits 1..0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the standard's words")]
pub enum TransferType {
    Control,
    Isochronous,
    Bulk,
    Interrupt,
}

/// An endpoint descriptor. USB 2.0 section 9.6.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// bEndpointAddress: number, and direction in bit 7 (set: to the host).
    pub address: u8,
    /// bmAttributes.
    pub attributes: u8,
    /// wMaxPacketSize: bytes in bits 10..0.
    pub max_packet_size: u16,
    /// bInterval, in frames or as an exponent, by speed.
    pub interval: u8,
}

impl Endpoint {
    /// bDescriptorType of an endpoint.
    pub const TYPE: u8 = 0x05;

    /// Reads one; `None` where there are fewer than 7 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            address: u8_at(bytes, 2)?,
            attributes: u8_at(bytes, 3)?,
            max_packet_size: u16_le(bytes, 4)?,
            interval: u8_at(bytes, 6)?,
        })
    }

    /// Whether it sends to the host.
    pub const fn is_in(&self) -> bool {
        self.address & 0x80 != 0
    }

    /// How it transfers.
    pub const fn transfer_type(&self) -> TransferType {
        match self.attributes & 0x03 {
            0 => TransferType::Control,
            1 => TransferType::Isochronous,
            2 => TransferType::Bulk,
            _ => TransferType::Interrupt,
        }
    }

    /// Bytes of one packet, without the additional-transactions bits.
    pub const fn packet_bytes(&self) -> u16 {
        self.max_packet_size & 0x07ff
    }
}

/// A HID class descriptor. HID 1.11 section 6.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HidClass {
    /// bcdHID.
    pub hid_release: u16,
    /// bCountryCode.
    pub country: u8,
    /// Length of the report descriptor (wDescriptorLength of the first class descriptor of type 0x22), in bytes.
    pub report_descriptor_bytes: Option<u16>,
}

impl HidClass {
    /// bDescriptorType of a HID class descriptor.
    pub const TYPE: u8 = 0x21;
    /// bDescriptorType of a report descriptor.
    pub const REPORT_TYPE: u8 = 0x22;

    /// Reads one; `None` where there are fewer than 6 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let count = usize::from(u8_at(bytes, 5)?);
        let report = (0..count)
            .map(|index| 6 + index * 3)
            .take_while(|at| *at + 3 <= bytes.len())
            .find(|at| u8_at(bytes, *at) == Some(Self::REPORT_TYPE))
            .and_then(|at| u16_le(bytes, at + 1));
        Some(Self {
            hid_release: u16_le(bytes, 2)?,
            country: u8_at(bytes, 4)?,
            report_descriptor_bytes: report,
        })
    }
}

/// A descriptor this parser has no words for, kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Opaque {
    /// bDescriptorType.
    pub kind: u8,
    /// Everything after length and type.
    pub body: Vec<u8>,
}

/// What an interface or device class is, for people. USB-IF "Defined Class Codes".
pub const fn class_name(class: u8, subclass: u8, protocol: u8) -> &'static str {
    match (class, subclass, protocol) {
        (0x01, ..) => "audio",
        (0x02, 0x06, _) => "Ethernet (CDC ECM)",
        (0x02, 0x0d, _) => "network (CDC NCM)",
        (0x02, 0x02, 0xff) => "network (RNDIS)",
        (0x02, ..) => "communications (CDC)",
        (0x03, 0x01, 0x01) => "boot keyboard",
        (0x03, 0x01, 0x02) => "boot mouse",
        (0x03, _, 0x01) => "keyboard",
        (0x03, _, 0x02) => "mouse",
        (0x03, ..) => "human interface device",
        (0x06, ..) => "still image (MTP, PTP)",
        (0x07, ..) => "printer",
        (0x08, ..) => "mass storage",
        (0x09, ..) => "hub",
        (0x0a, ..) => "CDC data",
        (0x0b, ..) => "smart card",
        (0x0e, ..) => "video",
        (0xe0, 0x01, 0x01) => "Bluetooth",
        (0xe0, 0x01, 0x03) => "network (RNDIS)",
        (0xe0, ..) => "wireless controller",
        (0xef, 0x04, 0x01) => "network (RNDIS)",
        (0xef, ..) => "miscellaneous",
        (0xfe, ..) => "application specific",
        (0xff, ..) => "vendor specific",
        (0x00, ..) => "by interface",
        _ => "other class",
    }
}
