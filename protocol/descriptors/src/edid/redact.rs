//! An EDID that may leave the machine: without what names one unit of a product.
//!
//! Always: the numeric serial (bytes 12 to 15), the serial text (0xFF), other texts but the name (0xFE, where some
//! makers put serials too) and DisplayID sections are zero; which blocks had a right checksum stays visible, and no
//! checksum tells what was taken out.

use super::BLOCK_BYTES;
use crate::bytes::{u8_at, u16_le};

const DESCRIPTORS: [usize; 4] = [54, 72, 90, 108];
const SERIAL_TEXT: u8 = 0xff;
const PLAIN_TEXT: u8 = 0xfe;
const DISPLAY_ID_TAG: u8 = 0x70;

/// A copy of `bytes` without serial numbers and free texts.
pub fn without_personal(bytes: &[u8]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    let mut zero = |from: usize, to: usize| {
        if let Some(part) = copy.get_mut(from.min(bytes.len())..to.min(bytes.len())) {
            part.fill(0);
        }
    };
    zero(12, 16);
    for at in DESCRIPTORS {
        let is_text =
            u16_le(bytes, at) == Some(0) && matches!(u8_at(bytes, at + 3), Some(SERIAL_TEXT | PLAIN_TEXT));
        if is_text {
            zero(at + 5, at + 18);
        }
    }
    for start in (BLOCK_BYTES..bytes.len()).step_by(BLOCK_BYTES) {
        if u8_at(bytes, start) == Some(DISPLAY_ID_TAG) {
            zero(start + 5, start + BLOCK_BYTES);
        }
    }
    for (old, new) in bytes.chunks(BLOCK_BYTES).zip(copy.chunks_mut(BLOCK_BYTES)) {
        let was_right = sum(old) == 0;
        let fits = old.len() == BLOCK_BYTES;
        if let Some(checksum) = new.last_mut().filter(|_| fits) {
            *checksum = 0;
            let right = 0_u8.wrapping_sub(sum(new));
            if let Some(checksum) = new.last_mut() {
                *checksum = if was_right { right } else { right.wrapping_add(1) };
            }
        }
    }
    copy
}

fn sum(block: &[u8]) -> u8 {
    block.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::super::{EdidFault, parse};
    use super::*;

    fn pikvm() -> Vec<u8> {
        let text = include_str!("../../captures/edid-pikvm-v2.hex");
        hex::decode(text.split_whitespace().collect::<String>()).unwrap()
    }

    #[test]
    fn no_serial_leaves_and_the_rest_reads_the_same() {
        let bytes = pikvm();
        let (before, after) = (parse(&bytes).unwrap(), parse(&without_personal(&bytes)).unwrap());
        assert!(before.serial_text.is_some());
        assert_eq!((after.serial_text, after.serial_number), (None, 0));
        assert_eq!((after.name, after.timings, after.faults), (before.name, before.timings, before.faults));
    }

    #[test]
    fn two_units_of_a_product_leave_the_same_bytes() {
        let bytes = pikvm();
        let mut other = bytes.clone();
        other[12] = other[12].wrapping_add(7);
        other[127] = other[127].wrapping_sub(7);
        assert_eq!(without_personal(&bytes), without_personal(&other));
    }

    #[test]
    fn a_wrong_checksum_stays_wrong() {
        let mut bytes = pikvm();
        bytes[127] = bytes[127].wrapping_add(9);
        let faults = parse(&without_personal(&bytes)).unwrap().faults;
        assert_eq!(faults, [EdidFault::Checksum { block: 0 }]);
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_keep_their_length(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            let copy = without_personal(&bytes);
            proptest::prop_assert_eq!(copy.len(), bytes.len());
            proptest::prop_assert_eq!(without_personal(&copy), copy);
        }
    }
}
