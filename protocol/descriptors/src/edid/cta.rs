//! Extension blocks: CTA-861 (data blocks, video codes, HDMI), DisplayID, and the rest kept by tag.

use serde::{Deserialize, Serialize};

use super::{
    DetailedTiming,
    base::EdidFault,
    display_id::{DisplayId, display_id},
};
use crate::bytes::u8_at;

const CTA_TAG: u8 = 0x02;
const DISPLAY_ID_TAG: u8 = 0x70;
const BLOCK_MAP_TAG: u8 = 0xf0;
const VIDEO_BLOCK: u8 = 2;
const VENDOR_BLOCK: u8 = 3;
/// HDMI Licensing's IEEE OUI 00-0C-03, least significant byte first.
const HDMI_OUI: [u8; 3] = [0x03, 0x0c, 0x00];
/// The HDMI Forum's IEEE OUI C4-5D-D8.
const HDMI_FORUM_OUI: [u8; 3] = [0xd8, 0x5d, 0xc4];

/// One extension block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extension {
    /// CTA-861.
    Cta(Cta),
    /// DisplayID.
    DisplayId(DisplayId),
    /// A block map.
    BlockMap,
    /// 128 zero bytes.
    Empty,
    /// Another tag.
    Other {
        /// The tag.
        tag: u8,
    },
}

/// A CTA-861 extension (CTA-861-G section 7.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cta {
    /// Revision.
    pub revision: u8,
    /// Whether basic audio is announced.
    pub basic_audio: bool,
    /// Its data blocks.
    pub blocks: Vec<DataBlock>,
    /// Its detailed timings.
    pub timings: Vec<DetailedTiming>,
    /// HDMI's vendor-specific block, where there is one.
    pub hdmi: Option<HdmiBlock>,
    /// Whether HDMI Forum's block is there (HDMI 2.x).
    pub hdmi_forum: bool,
    /// What HDMI Forum's block says, where it is long enough.
    pub hdmi_forum_block: Option<HdmiForumBlock>,
    /// Video formats by their code, in order.
    pub video_codes: Vec<VideoCode>,
}

/// A short video descriptor (CTA-861-G section 7.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VideoCode {
    /// The video identification code.
    pub code: u8,
    /// Whether it is a native format; codes above 127 cannot say so.
    pub native: bool,
}

/// What HDMI Forum's vendor-specific data block says (HDMI 2.0 section 10.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HdmiForumBlock {
    /// The block's version.
    pub version: u8,
    /// Highest TMDS character rate in MHz, where given.
    pub max_tmds_mhz: Option<u16>,
}

/// A data block by tag (CTA-861-G table 54).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DataBlock {
    /// Tag code.
    pub tag: u8,
    /// Extended tag, where the tag is 7.
    pub extended_tag: Option<u8>,
    /// Bytes of its payload.
    pub len: u8,
}

/// What HDMI's vendor-specific data block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HdmiBlock {
    /// CEC physical address, as in `0x1000` for 1.0.0.0.
    pub physical_address: u16,
    /// Highest TMDS clock in MHz, where given.
    pub max_tmds_mhz: Option<u16>,
}

/// Reads extension number `index` (from 1).
pub(super) fn extension(block: &[u8], index: u8, faults: &mut Vec<EdidFault>) -> Extension {
    if block.iter().all(|byte| *byte == 0) {
        faults.push(EdidFault::EmptyExtension { block: index });
        return Extension::Empty;
    }
    match u8_at(block, 0).unwrap_or_default() {
        CTA_TAG => Extension::Cta(cta(block, index, faults)),
        DISPLAY_ID_TAG => Extension::DisplayId(display_id(block, index, faults)),
        BLOCK_MAP_TAG => Extension::BlockMap,
        tag => Extension::Other { tag },
    }
}

fn cta(block: &[u8], index: u8, faults: &mut Vec<EdidFault>) -> Cta {
    let revision = u8_at(block, 1).unwrap_or_default();
    let timings_at = usize::from(u8_at(block, 2).unwrap_or_default());
    let flags = u8_at(block, 3).unwrap_or_default();
    let mut out = Cta { revision, basic_audio: revision >= 2 && flags & 0x40 != 0, ..Cta::default() };
    // Offset 0: neither data blocks nor timings. Below 4 or past the checksum it contradicts the standard.
    if timings_at != 0 && !(4..=127).contains(&timings_at) {
        faults.push(EdidFault::CtaOffset { block: index, offset: u8_at(block, 2).unwrap_or_default() });
        return out;
    }
    let mut at = 4;
    while revision >= 3 && at < timings_at {
        let head = u8_at(block, at).unwrap_or_default();
        let len = usize::from(head & 0x1f);
        let Some(payload) = block.get(at + 1..at + 1 + len).filter(|_| at + 1 + len <= timings_at) else {
            faults
                .push(EdidFault::DataBlockOverrun { block: index, at: u8::try_from(at).unwrap_or(u8::MAX) });
            break;
        };
        read_block(head >> 5, payload, &mut out);
        at += 1 + len;
    }
    if timings_at != 0 {
        let tail = block.get(timings_at..127).unwrap_or_default();
        out.timings = tail.chunks_exact(18).map_while(DetailedTiming::from_bytes).collect();
    }
    out
}

fn read_block(tag: u8, payload: &[u8], out: &mut Cta) {
    let extended_tag = (tag == 7).then(|| u8_at(payload, 0)).flatten();
    out.blocks.push(DataBlock { tag, extended_tag, len: u8::try_from(payload.len()).unwrap_or(u8::MAX) });
    if tag == VIDEO_BLOCK {
        out.video_codes.extend(payload.iter().map(|byte| video_code(*byte)));
    }
    if tag != VENDOR_BLOCK {
        return;
    }
    if payload.starts_with(&HDMI_OUI) {
        let high = u8_at(payload, 3).map(u16::from);
        let low = u8_at(payload, 4).map(u16::from);
        if let (Some(high), Some(low)) = (high, low) {
            let max = u8_at(payload, 6).filter(|byte| *byte != 0).map(|byte| u16::from(byte) * 5);
            out.hdmi = Some(HdmiBlock { physical_address: high << 8 | low, max_tmds_mhz: max });
        }
    } else if payload.starts_with(&HDMI_FORUM_OUI) {
        out.hdmi_forum = true;
        if let (Some(version), Some(rate)) = (u8_at(payload, 3), u8_at(payload, 4)) {
            let max_tmds_mhz = (rate != 0).then(|| u16::from(rate) * 5);
            out.hdmi_forum_block = Some(HdmiForumBlock { version, max_tmds_mhz });
        }
    }
}

/// Codes up to 64 carry a native bit above them; 128 and 0 are reserved, and stay what they are.
const fn video_code(byte: u8) -> VideoCode {
    match byte {
        129..=192 => VideoCode { code: byte & 0x7f, native: true },
        code => VideoCode { code, native: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn video_codes_and_both_hdmi_blocks_are_read() {
        let mut block = vec![0_u8; 128];
        let blocks = [
            &[2, 3, 21, 0x40][..],
            &[0x44, 0x90, 4, 97, 193],
            &[0x65, 0x03, 0x0c, 0x00, 0x20, 0x00],
            &[0x65, 0xd8, 0x5d, 0xc4, 1, 120],
        ]
        .concat();
        block[..blocks.len()].copy_from_slice(&blocks);
        let mut faults = Vec::new();
        let Extension::Cta(cta) = extension(&block, 1, &mut faults) else { panic!("no CTA block") };
        assert_eq!(faults, []);
        let codes: Vec<_> = cta.video_codes.iter().map(|video| (video.code, video.native)).collect();
        assert_eq!(codes, [(16, true), (4, false), (97, false), (193, false)]);
        assert_eq!(cta.hdmi.unwrap().physical_address, 0x2000);
        assert_eq!(cta.hdmi_forum_block, Some(HdmiForumBlock { version: 1, max_tmds_mhz: Some(600) }));
        block[4] = 0x5f;
        let _ = extension(&block, 1, &mut faults);
        assert_eq!(faults, [EdidFault::DataBlockOverrun { block: 1, at: 4 }]);
    }
}
