//! USB descriptors: USB 2.0 section 9.6, and the HID class descriptor of HID 1.11 section 6.2.1.
//!
//! Always: reads what `/sys/bus/usb/devices/…/descriptors` holds, the 18 bytes of the device descriptor and each
//! configuration in full. Unknown descriptor types are kept as opaque; a length that would loop or run out of the
//! data ends the reading with a typed error, and what was read before it stays.

mod configuration;
mod descriptor;
mod string;

pub use configuration::{Configuration, Interface, InterfaceAssociation, parse, parse_prefix};
pub use descriptor::{DeviceDescriptor, Endpoint, HidClass, Opaque, TransferType, class_name};
pub use string::{DeviceString, parse_languages, parse_string};

use serde::{Deserialize, Serialize};

/// Most bytes of descriptors that are read of one device; a configuration is at most 65,535.
pub const MAX_DESCRIPTOR_BYTES: usize = 256 * 1024;
/// Most configurations; bNumConfigurations is one byte, devices have one or two.
pub const MAX_CONFIGURATIONS: usize = 16;
/// Most interface settings of one configuration (256 interfaces are the standard's own bound).
pub const MAX_INTERFACES: usize = 512;

/// All descriptors of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsbDescriptors {
    /// The device descriptor.
    pub device: DeviceDescriptor,
    /// Its configurations, in the order they stand.
    pub configurations: Vec<Configuration>,
}

impl UsbDescriptors {
    /// Interfaces of the first configuration, alternate setting 0 only: what the device offers at plug-in.
    pub fn first_interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.configurations.first().into_iter().flat_map(|c| c.interfaces.iter()).filter(|i| i.alternate == 0)
    }
}

/// Why bytes are not USB descriptors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum UsbError {
    /// Fewer bytes than the descriptor at this offset says or needs.
    #[error("descriptor at byte {offset} needs {needed} bytes and {available} are there")]
    Truncated {
        /// Where it starts.
        offset: usize,
        /// How many bytes it needs.
        needed: usize,
        /// How many there are.
        available: usize,
    },
    /// A length below 2 would make the walk stand still (USB 2.0 section 9.5: bLength counts itself).
    #[error("descriptor at byte {offset} gives its length as {length}: it would loop")]
    Looping {
        /// Where it starts.
        offset: usize,
        /// What it says.
        length: u8,
    },
    /// The first descriptor is not a device descriptor.
    #[error(
        "the first descriptor has length {length} and type {kind:#04x}: a device descriptor has 18 and 0x01"
    )]
    NotADevice {
        /// bLength.
        length: u8,
        /// bDescriptorType.
        kind: u8,
    },
    /// Where a configuration should begin, something else stands.
    #[error("at byte {offset} a configuration should begin, and type {kind:#04x} stands there")]
    NotAConfiguration {
        /// Where.
        offset: usize,
        /// bDescriptorType.
        kind: u8,
    },
    /// A descriptor contradicts what stands before it.
    #[error("descriptor at byte {offset} contradicts what stands before it: {what}")]
    Contradictory {
        /// Where it starts.
        offset: usize,
        /// How.
        what: &'static str,
    },
    /// More than a named limit.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}
