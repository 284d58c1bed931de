//! String descriptors. USB 2.0 section 9.6.7.

use serde::{Deserialize, Serialize};

use super::UsbError;
use crate::bytes::{u8_at, u16_le};

/// bDescriptorType of a string descriptor.
const STRING_TYPE: u8 = 0x03;

/// A string as the device sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeviceString {
    /// The text; what is no UTF-16 became U+FFFD.
    pub text: String,
    /// Whether something in it was no UTF-16.
    pub damaged: bool,
}

/// Reads a string descriptor (any index but 0).
///
/// # Errors
/// A length that does not fit the bytes, another type, or half a code unit.
pub fn parse_string(bytes: &[u8]) -> Result<DeviceString, UsbError> {
    let units = units(bytes)?;
    let decoded: Vec<_> = char::decode_utf16(units).collect();
    let damaged = decoded.iter().any(Result::is_err);
    let text = decoded.into_iter().map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Ok(DeviceString { text, damaged })
}

/// Reads string descriptor 0: the languages (LANGIDs) a device has strings in.
///
/// # Errors
/// As [`parse_string`].
pub fn parse_languages(bytes: &[u8]) -> Result<Vec<u16>, UsbError> {
    units(bytes)
}

fn units(bytes: &[u8]) -> Result<Vec<u16>, UsbError> {
    let truncated = |needed| UsbError::Truncated { offset: 0, needed, available: bytes.len() };
    let (Some(length), Some(kind)) = (u8_at(bytes, 0), u8_at(bytes, 1)) else { return Err(truncated(2)) };
    if kind != STRING_TYPE {
        return Err(UsbError::Contradictory { offset: 0, what: "its type is not that of a string" });
    }
    if length < 2 {
        return Err(UsbError::Looping { offset: 0, length });
    }
    if length % 2 != 0 {
        return Err(UsbError::Contradictory { offset: 0, what: "it ends inside a UTF-16 code unit" });
    }
    let body = bytes.get(2..usize::from(length)).ok_or_else(|| truncated(usize::from(length)))?;
    Ok(body.chunks_exact(2).filter_map(|pair| u16_le(pair, 0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_and_a_broken_surrogate() {
        let dell = parse_string(&[10, 3, b'D', 0, b'e', 0, b'l', 0, b'l', 0]).unwrap();
        assert_eq!(dell, DeviceString { text: "Dell".into(), damaged: false });
        let broken = parse_string(&[6, 3, b'A', 0, 0x00, 0xd8]).unwrap();
        assert_eq!(broken, DeviceString { text: "A\u{fffd}".into(), damaged: true });
    }

    #[test]
    fn what_is_no_string_is_named() {
        assert!(matches!(parse_string(&[]), Err(UsbError::Truncated { .. })));
        assert!(matches!(parse_string(&[6, 3, 1]), Err(UsbError::Truncated { needed: 6, .. })));
        assert!(matches!(parse_string(&[0, 3]), Err(UsbError::Looping { .. })));
        assert!(matches!(parse_string(&[3, 3, 1]), Err(UsbError::Contradictory { .. })));
        assert!(matches!(parse_string(&[4, 4, 1, 0]), Err(UsbError::Contradictory { .. })));
    }

    #[test]
    fn languages_are_numbers() {
        assert_eq!(parse_languages(&[4, 3, 0x09, 0x04]), Ok(vec![0x0409]));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = (parse_string(&bytes), parse_languages(&bytes));
        }
    }
}
