//! DisplayID inside an EDID extension. DisplayID 1.3 section 2, 2.0 section 2.
//!
//! Always: a section's length, its blocks' lengths and its checksum are checked against the extension; what runs past
//! is a named fault and ends the reading; product identification may hold a serial and is kept by its length alone.

use serde::{Deserialize, Serialize};

use super::{DetailedTiming, base::EdidFault};
use crate::bytes::{u8_at, u16_le};

/// Type I detailed timings (DisplayID 1.3 section 4.4.1).
const TYPE_I: u8 = 0x03;
/// Type VII detailed timings (DisplayID 2.0 section 4.3): clocks in kHz where type I has tens of them.
const TYPE_VII: u8 = 0x22;
const TIMING_BYTES: usize = 20;
/// Tag, revision, length.
const BLOCK_HEAD_BYTES: usize = 3;
/// Where a section's blocks begin in the extension: behind the tag, version, length, type and count.
const BLOCKS_AT: usize = 5;

/// A DisplayID section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayId {
    /// Version and revision (`0x13` for 1.3).
    pub version: u8,
    /// Bytes of its blocks together.
    pub section_bytes: u8,
    /// Product type or primary use case.
    pub product_type: u8,
    /// Further extensions it announces.
    pub extension_count: u8,
    /// Its data blocks.
    pub blocks: Vec<DisplayIdBlock>,
    /// Its detailed timings, types I and VII.
    pub timings: Vec<DetailedTiming>,
}

/// A data block by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DisplayIdBlock {
    /// What it holds (DisplayID 1.3 table 4-1, 2.0 table 4-1).
    pub tag: u8,
    /// Revision and flags of its own.
    pub revision: u8,
    /// Bytes of its payload.
    pub len: u8,
}

/// Reads the section in extension number `index`.
pub(super) fn display_id(block: &[u8], index: u8, faults: &mut Vec<EdidFault>) -> DisplayId {
    let byte = |at| u8_at(block, at).unwrap_or_default();
    let mut out = DisplayId {
        version: byte(1),
        section_bytes: byte(2),
        product_type: byte(3),
        extension_count: byte(4),
        ..DisplayId::default()
    };
    let end = BLOCKS_AT + usize::from(out.section_bytes);
    // The section's checksum stands behind its blocks, the extension's own behind that.
    let Some(section) = block.get(1..=end).filter(|_| end + 1 < block.len()) else {
        faults.push(EdidFault::DisplayIdLength { block: index, bytes: out.section_bytes });
        return out;
    };
    if section.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) != 0 {
        faults.push(EdidFault::DisplayIdChecksum { block: index });
    }
    let mut at = BLOCKS_AT;
    while at + BLOCK_HEAD_BYTES <= end {
        let (tag, revision, len) = (byte(at), byte(at + 1), byte(at + 2));
        if tag == 0 && len == 0 {
            // Zeros fill a section up.
            break;
        }
        let start = at + BLOCK_HEAD_BYTES;
        let Some(payload) = block.get(start..start + usize::from(len)).filter(|p| start + p.len() <= end)
        else {
            let at = u8::try_from(at).unwrap_or(u8::MAX);
            faults.push(EdidFault::DataBlockOverrun { block: index, at });
            break;
        };
        out.blocks.push(DisplayIdBlock { tag, revision, len });
        let clock_unit = match tag {
            TYPE_I => Some(10),
            TYPE_VII => Some(1),
            _ => None,
        };
        if let Some(unit) = clock_unit {
            out.timings.extend(payload.chunks_exact(TIMING_BYTES).filter_map(|one| timing(one, unit)));
        }
        at = start + usize::from(len);
    }
    out
}

/// One timing: every number is stored less one.
fn timing(one: &[u8], clock_unit_khz: u32) -> Option<DetailedTiming> {
    let clock = u32::from(u8_at(one, 2)?) << 16 | u32::from(u16_le(one, 0)?);
    let more = |at| u16_le(one, at).map(|value| value.saturating_add(1));
    Some(DetailedTiming {
        pixel_clock_khz: (clock + 1).saturating_mul(clock_unit_khz),
        width: more(4)?,
        horizontal_blank: more(6)?,
        height: more(12)?,
        vertical_blank: more(14)?,
        width_mm: 0,
        height_mm: 0,
        interlaced: u8_at(one, 3)? & 0x10 != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An extension with one block of one timing: 1920x1080 at 60 Hz, 148.5 MHz.
    fn extension(tag: u8, clock: u32) -> Vec<u8> {
        let mut block = vec![0_u8; 128];
        block[..8].copy_from_slice(&[0x70, 0x13, 23, 0, 0, tag, 0, 20]);
        block[8..11].copy_from_slice(&(clock - 1).to_le_bytes()[..3]);
        for (at, value) in [(12, 1_919_u16), (14, 279), (20, 1_079), (22, 44)] {
            block[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        let sum = block[1..28].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        block[28] = 0_u8.wrapping_sub(sum);
        block
    }

    fn read(block: &[u8]) -> (DisplayId, Vec<EdidFault>) {
        let mut faults = Vec::new();
        (display_id(block, 1, &mut faults), faults)
    }

    #[test]
    fn detailed_timings_of_both_versions_are_read() {
        for (tag, clock) in [(TYPE_I, 14_850), (TYPE_VII, 148_500)] {
            let (section, faults) = read(&extension(tag, clock));
            assert_eq!(faults, []);
            assert_eq!(section.timings[0].to_string(), "1920x1080 at 60 Hz");
            assert_eq!(section.blocks, [DisplayIdBlock { tag, revision: 0, len: 20 }]);
        }
    }

    #[test]
    fn what_runs_past_is_a_fault() {
        let mut wrong = extension(TYPE_I, 14_850);
        wrong[28] ^= 1;
        assert_eq!(read(&wrong).1, [EdidFault::DisplayIdChecksum { block: 1 }]);
        wrong[7] = 21;
        assert!(read(&wrong).1.contains(&EdidFault::DataBlockOverrun { block: 1, at: 5 }));
        wrong[2] = 122;
        assert_eq!(read(&wrong).1, [EdidFault::DisplayIdLength { block: 1, bytes: 122 }]);
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_blocks_never_panic(mut block in proptest::collection::vec(proptest::num::u8::ANY, 0..128)) {
            let _ = read(&block);
            if let Some(tag) = block.first_mut() { *tag = 0x70; }
            let _ = read(&block);
        }
    }
}
