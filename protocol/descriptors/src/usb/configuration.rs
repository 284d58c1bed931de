//! A configuration with its interfaces, and the walk over the whole blob.

use serde::{Deserialize, Serialize};

use super::{
    MAX_CONFIGURATIONS, MAX_DESCRIPTOR_BYTES, MAX_INTERFACES, UsbDescriptors, UsbError,
    descriptor::{DeviceDescriptor, Endpoint, HidClass, Opaque},
};
use crate::bytes::{u8_at, u16_le};

const CONFIGURATION_TYPE: u8 = 0x02;
const INTERFACE_TYPE: u8 = 0x04;
const ASSOCIATION_TYPE: u8 = 0x0b;
const CONFIGURATION_LENGTH: usize = 9;

/// A configuration. USB 2.0 section 9.6.3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// wTotalLength, bytes.
    pub total_length: u16,
    /// bNumInterfaces, as the device says.
    pub announced_interfaces: u8,
    /// bConfigurationValue.
    pub value: u8,
    /// iConfiguration, 0 for none.
    pub name_index: u8,
    /// bmAttributes: self-powered bit 6, remote wake-up bit 5.
    pub attributes: u8,
    /// bMaxPower as it stands: units of 2 mA up to high speed, 8 mA on SuperSpeed.
    pub max_power: u8,
    /// Interface associations (USB 2.0 ECN "Interface Association Descriptors").
    pub associations: Vec<InterfaceAssociation>,
    /// Interface settings, alternates included.
    pub interfaces: Vec<Interface>,
    /// What stands before the first interface and is neither.
    pub opaque: Vec<Opaque>,
}

/// An interface association. USB 2.0 ECN, table 9-Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InterfaceAssociation {
    /// bFirstInterface.
    pub first: u8,
    /// bInterfaceCount.
    pub count: u8,
    /// bFunctionClass.
    pub class: u8,
    /// bFunctionSubClass.
    pub subclass: u8,
    /// bFunctionProtocol.
    pub protocol: u8,
    /// iFunction, 0 for none.
    pub name_index: u8,
}

/// An interface setting. USB 2.0 section 9.6.5.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// bInterfaceNumber.
    pub number: u8,
    /// bAlternateSetting.
    pub alternate: u8,
    /// bNumEndpoints, as the device says.
    pub announced_endpoints: u8,
    /// bInterfaceClass.
    pub class: u8,
    /// bInterfaceSubClass.
    pub subclass: u8,
    /// bInterfaceProtocol.
    pub protocol: u8,
    /// iInterface, 0 for none.
    pub name_index: u8,
    /// The HID class descriptor, where it has one.
    pub hid: Option<HidClass>,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Class-specific descriptors and others, as they are.
    pub opaque: Vec<Opaque>,
}

/// Reads all descriptors of a device, strictly.
///
/// # Errors
/// The first place where the bytes stop being descriptors.
pub fn parse(bytes: &[u8]) -> Result<UsbDescriptors, UsbError> {
    let (descriptors, error) = parse_prefix(bytes)?;
    error.map_or(Ok(descriptors), Err)
}

/// Reads as far as the bytes make sense: what was read, and the error that ended it.
///
/// # Errors
/// Only where not even the device descriptor can be read.
pub fn parse_prefix(bytes: &[u8]) -> Result<(UsbDescriptors, Option<UsbError>), UsbError> {
    if bytes.len() > MAX_DESCRIPTOR_BYTES {
        return Err(UsbError::TooMany { what: "bytes of descriptors", limit: MAX_DESCRIPTOR_BYTES });
    }
    let truncated = UsbError::Truncated {
        offset: 0,
        needed: usize::from(DeviceDescriptor::LENGTH),
        available: bytes.len(),
    };
    let (Some(length), Some(kind)) = (u8_at(bytes, 0), u8_at(bytes, 1)) else { return Err(truncated) };
    if length != DeviceDescriptor::LENGTH || kind != DeviceDescriptor::TYPE {
        return Err(UsbError::NotADevice { length, kind });
    }
    let device = DeviceDescriptor::from_bytes(bytes).ok_or(truncated)?;
    let mut out = UsbDescriptors { device, configurations: Vec::new() };
    let mut offset = usize::from(length);
    while offset < bytes.len() {
        if out.configurations.len() == MAX_CONFIGURATIONS {
            return Ok((out, Some(UsbError::TooMany { what: "configurations", limit: MAX_CONFIGURATIONS })));
        }
        let (configuration, end, error) = configuration(bytes, offset);
        if let Some(configuration) = configuration {
            out.configurations.push(configuration);
        }
        if error.is_some() {
            return Ok((out, error));
        }
        offset = end;
    }
    if out.configurations.len() < usize::from(device.configurations) {
        let missing = UsbError::Contradictory {
            offset,
            what: "fewer configurations follow than bNumConfigurations announces",
        };
        return Ok((out, Some(missing)));
    }
    Ok((out, None))
}

/// One configuration at `offset`: what was read, where it ends, and what ended it early.
fn configuration(bytes: &[u8], offset: usize) -> (Option<Configuration>, usize, Option<UsbError>) {
    let rest = bytes.get(offset..).unwrap_or_default();
    let truncated = |needed| UsbError::Truncated { offset, needed, available: rest.len() };
    let Some(mut out) = head(rest) else { return (None, offset, Some(truncated(CONFIGURATION_LENGTH))) };
    let kind = u8_at(rest, 1).unwrap_or_default();
    if kind != CONFIGURATION_TYPE {
        return (None, offset, Some(UsbError::NotAConfiguration { offset, kind }));
    }
    let length = u8_at(rest, 0).unwrap_or_default();
    if usize::from(length) < CONFIGURATION_LENGTH {
        return (None, offset, Some(UsbError::Looping { offset, length }));
    }
    let total = usize::from(out.total_length);
    if total < usize::from(length) {
        let error =
            UsbError::Contradictory { offset, what: "wTotalLength is shorter than the configuration itself" };
        return (Some(out), offset, Some(error));
    }
    let body = rest.get(..total.min(rest.len())).unwrap_or_default();
    if let Err(error) = walk(body, usize::from(length), offset, &mut out) {
        return (Some(out), offset, Some(error));
    }
    let error = (total > rest.len()).then(|| truncated(total));
    (Some(out), offset + total, error)
}

fn head(bytes: &[u8]) -> Option<Configuration> {
    Some(Configuration {
        total_length: u16_le(bytes, 2)?,
        announced_interfaces: u8_at(bytes, 4)?,
        value: u8_at(bytes, 5)?,
        name_index: u8_at(bytes, 6)?,
        attributes: u8_at(bytes, 7)?,
        max_power: u8_at(bytes, 8)?,
        ..Configuration::default()
    })
}

/// Walks the descriptors of one configuration; `base` is where it stands in the blob, for error texts.
fn walk(body: &[u8], start: usize, base: usize, out: &mut Configuration) -> Result<(), UsbError> {
    let mut at = start;
    while at < body.len() {
        let offset = base + at;
        let available = body.len() - at;
        let truncated = |needed| UsbError::Truncated { offset, needed, available };
        let length = u8_at(body, at).unwrap_or_default();
        if length < 2 {
            return Err(UsbError::Looping { offset, length });
        }
        let end = at + usize::from(length);
        let one = body.get(at..end).ok_or_else(|| truncated(usize::from(length)))?;
        let kind = u8_at(one, 1).unwrap_or_default();
        let short = || UsbError::Contradictory { offset, what: "its length is below its type's own" };
        match kind {
            INTERFACE_TYPE => {
                if out.interfaces.len() == MAX_INTERFACES {
                    return Err(UsbError::TooMany { what: "interface settings", limit: MAX_INTERFACES });
                }
                out.interfaces.push(interface(one).ok_or_else(short)?);
            }
            ASSOCIATION_TYPE => out.associations.push(association(one).ok_or_else(short)?),
            CONFIGURATION_TYPE | DeviceDescriptor::TYPE => {
                return Err(UsbError::Contradictory { offset, what: "it begins inside a configuration" });
            }
            _ => attach(kind, one, out, offset).ok_or_else(short)??,
        }
        at = end;
    }
    Ok(())
}

/// Hangs an endpoint, HID or unknown descriptor on what it belongs to. `None`: too short for its type.
fn attach(kind: u8, one: &[u8], out: &mut Configuration, offset: usize) -> Option<Result<(), UsbError>> {
    let opaque = || Opaque { kind, body: one.get(2..).unwrap_or_default().to_vec() };
    let Some(interface) = out.interfaces.last_mut() else {
        if kind == Endpoint::TYPE {
            let what = "an endpoint stands before any interface";
            return Some(Err(UsbError::Contradictory { offset, what }));
        }
        out.opaque.push(opaque());
        return Some(Ok(()));
    };
    match kind {
        Endpoint::TYPE => interface.endpoints.push(Endpoint::from_bytes(one)?),
        // 0x21 means HID only inside a HID interface; other classes use the number for their own.
        HidClass::TYPE if interface.class == 0x03 && interface.hid.is_none() => {
            interface.hid = Some(HidClass::from_bytes(one)?);
        }
        _ => interface.opaque.push(opaque()),
    }
    Some(Ok(()))
}

fn interface(one: &[u8]) -> Option<Interface> {
    Some(Interface {
        number: u8_at(one, 2)?,
        alternate: u8_at(one, 3)?,
        announced_endpoints: u8_at(one, 4)?,
        class: u8_at(one, 5)?,
        subclass: u8_at(one, 6)?,
        protocol: u8_at(one, 7)?,
        name_index: u8_at(one, 8)?,
        ..Interface::default()
    })
}

fn association(one: &[u8]) -> Option<InterfaceAssociation> {
    Some(InterfaceAssociation {
        first: u8_at(one, 2)?,
        count: u8_at(one, 3)?,
        class: u8_at(one, 4)?,
        subclass: u8_at(one, 5)?,
        protocol: u8_at(one, 6)?,
        name_index: u8_at(one, 7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gadget as f_hid makes it: one boot keyboard, written from the kernel's own constants.
    const KEYBOARD: &str = "12010002000000406b1d04010001010203010902220001010480 7d09040000010301010509210101000122410007058103080004";

    fn bytes() -> Vec<u8> {
        hex::decode(KEYBOARD.replace(' ', "")).unwrap()
    }

    #[test]
    fn a_gadget_keyboard_is_read_whole() {
        let parsed = parse(&bytes()).unwrap();
        assert_eq!((parsed.device.vendor_id, parsed.device.product_id), (0x1d6b, 0x0104));
        let interface = parsed.first_interfaces().next().unwrap();
        assert_eq!((interface.class, interface.subclass, interface.protocol), (3, 1, 1));
        let hid = interface.hid.unwrap();
        assert_eq!((hid.hid_release, hid.report_descriptor_bytes), (0x0101, Some(65)));
        let endpoint = interface.endpoints.first().unwrap();
        assert_eq!((endpoint.interval, endpoint.packet_bytes(), endpoint.is_in()), (4, 8, true));
    }

    #[test]
    fn every_cut_is_an_error_and_keeps_what_came_before() {
        let whole = bytes();
        for end in 0..whole.len() {
            let cut = whole.get(..end).unwrap();
            assert!(parse(cut).is_err(), "cut at {end}");
            if end >= 18 {
                assert_eq!(parse_prefix(cut).unwrap().0.device.vendor_id, 0x1d6b);
            }
        }
    }

    #[test]
    fn a_zero_length_does_not_loop() {
        let mut looping = bytes();
        *looping.get_mut(27).unwrap() = 0;
        assert_eq!(parse(&looping), Err(UsbError::Looping { offset: 27, length: 0 }));
    }

    #[test]
    fn an_endpoint_before_any_interface_contradicts() {
        let mut odd = bytes();
        odd.drain(27..45);
        *odd.get_mut(20).unwrap() = 16;
        assert!(matches!(parse(&odd), Err(UsbError::Contradictory { offset: 27, .. })));
    }

    proptest::proptest! {
        #[test]
        fn mutated_descriptors_keep_the_device_and_end(changes in proptest::collection::vec((18_usize..52, proptest::num::u8::ANY), 1..12)) {
            let mut mutated = bytes();
            for (at, byte) in changes {
                if let Some(place) = mutated.get_mut(at) { *place = byte; }
            }
            let (read, _) = parse_prefix(&mutated).unwrap();
            proptest::prop_assert_eq!(read.device.vendor_id, 0x1d6b);
            proptest::prop_assert!(parse(&mutated).is_err() || read.configurations.len() == 1);
        }

        #[test]
        fn arbitrary_bytes_never_panic(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            let _ = parse(&tail);
            let mut headed = bytes();
            headed.extend(&tail);
            let _ = parse_prefix(&headed);
        }
    }
}
