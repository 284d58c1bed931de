//! The base block. E-EDID A2 section 3.

use serde::{Deserialize, Serialize};

use super::{
    BLOCK_BYTES, DetailedTiming, EdidError, MAX_EDID_BYTES,
    cta::{Extension, extension},
};
use crate::bytes::{u8_at, u16_le, u32_le};

const HEADER: [u8; 8] = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
const DESCRIPTORS: [usize; 4] = [54, 72, 90, 108];
const SERIAL_TEXT: u8 = 0xff;
const PLAIN_TEXT: u8 = 0xfe;
const RANGE_LIMITS: u8 = 0xfd;
const NAME: u8 = 0xfc;

/// A parsed EDID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edid {
    /// SHA-256 of all bytes, hex.
    pub sha256: String,
    /// SHA-256 of the base block, hex.
    pub base_sha256: String,
    /// SHA-256 of all bytes with serial numbers and checksums zeroed, hex.
    pub shape_sha256: String,
    /// SHA-256 with serials, PNP id, product code, date, texts and checksums zeroed: how it is laid out.
    pub layout_sha256: String,
    /// The PNP id's three letters as encoded (may be no registered one, or no letters at all).
    pub manufacturer: String,
    /// Product code.
    pub product: u16,
    /// Numeric serial. Personal: never printed, never sent in clear.
    pub serial_number: u32,
    /// Week of manufacture, 255 for a model year.
    pub week: u8,
    /// Year of manufacture or model year.
    pub year: u16,
    /// Structure version and revision.
    pub version: (u8, u8),
    /// Analog, or digital with its interface.
    pub input: Input,
    /// Picture width and height in cm; zero where the display does not say.
    pub size_cm: (u8, u8),
    /// The first detailed timing: the preferred mode.
    pub preferred: Option<DetailedTiming>,
    /// All detailed timings of the base block.
    pub timings: Vec<DetailedTiming>,
    /// Established timings, bytes 35 to 37 as they stand (E-EDID A2 section 3.8).
    pub established: [u8; 3],
    /// Standard timings (section 3.9), in order.
    pub standard: Vec<StandardTiming>,
    /// The name descriptor (0xFC).
    pub name: Option<String>,
    /// The serial text (0xFF). Personal.
    pub serial_text: Option<String>,
    /// Other text descriptors (0xFE).
    pub texts: Vec<String>,
    /// Range limits (0xFD).
    pub range: Option<RangeLimits>,
    /// Extensions the base block announces.
    pub announced_extensions: u8,
    /// Extensions that follow.
    pub extensions: Vec<Extension>,
    /// What is wrong with it.
    pub faults: Vec<EdidFault>,
}

/// Kind of video input. E-EDID A2 section 3.6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// Analog.
    Analog,
    /// Digital.
    Digital(Interface),
}

/// The digital interface nibble; only 1.4 defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the standard's words, table 3.11")]
pub enum Interface {
    Undefined,
    Dvi,
    HdmiA,
    HdmiB,
    Mddi,
    DisplayPort,
    Other,
}

/// A standard timing. E-EDID A2 section 3.9.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StandardTiming {
    /// Visible pixels across.
    pub width: u16,
    /// Visible lines, by the aspect ratio.
    pub height: u16,
    /// Refresh rate in Hz.
    pub refresh_hz: u8,
}

/// Range limits, without the offsets of 1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RangeLimits {
    /// Vertical rate in Hz.
    pub vertical_hz: (u8, u8),
    /// Horizontal rate in kHz.
    pub horizontal_khz: (u8, u8),
    /// Highest pixel clock in MHz.
    pub max_clock_mhz: u16,
}

/// What is wrong with an EDID that can still be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdidFault {
    /// A block's bytes do not sum to 0 modulo 256.
    #[error("block {block} has a wrong checksum")]
    Checksum {
        /// Which block, 0 for the base.
        block: u8,
    },
    /// Fewer extensions follow than are announced.
    #[error("{announced} extensions are announced and {present} follow")]
    MissingExtensions {
        /// Announced.
        announced: u8,
        /// Present.
        present: u8,
    },
    /// Bytes follow that no block count announces.
    #[error("{bytes} bytes follow the announced blocks")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// An extension of zeros only.
    #[error("extension {block} is all zero")]
    EmptyExtension {
        /// Which block.
        block: u8,
    },
    /// A CTA block whose timing offset lies outside the block.
    #[error("extension {block} puts its timings at byte {offset}")]
    CtaOffset {
        /// Which block.
        block: u8,
        /// The offset.
        offset: u8,
    },
    /// A DisplayID section longer than its extension.
    #[error("extension {block}: a DisplayID section of {bytes} bytes does not fit into it")]
    DisplayIdLength {
        /// Which block.
        block: u8,
        /// What it says.
        bytes: u8,
    },
    /// A DisplayID section whose bytes do not sum to 0 modulo 256.
    #[error("extension {block}: its DisplayID section has a wrong checksum")]
    DisplayIdChecksum {
        /// Which block.
        block: u8,
    },
    /// A data block that runs past the data block collection.
    #[error("extension {block}: the data block at byte {at} runs past the collection")]
    DataBlockOverrun {
        /// Which block.
        block: u8,
        /// Where it starts.
        at: u8,
    },
}

/// Reads an EDID.
///
/// # Errors
/// Where the base block or its header is not there. Everything else wrong is among `faults`.
pub fn parse(bytes: &[u8]) -> Result<Edid, EdidError> {
    if bytes.len() > MAX_EDID_BYTES {
        return Err(EdidError::TooLong { bytes: bytes.len() });
    }
    let base = bytes.get(..BLOCK_BYTES).ok_or(EdidError::TooShort { bytes: bytes.len() })?;
    if !base.starts_with(&HEADER) {
        return Err(EdidError::NoHeader);
    }
    read(bytes, base).ok_or(EdidError::TooShort { bytes: bytes.len() })
}

fn read(bytes: &[u8], base: &[u8]) -> Option<Edid> {
    let version = (u8_at(base, 18)?, u8_at(base, 19)?);
    let mut out = Edid {
        sha256: crate::sha256_hex(bytes),
        base_sha256: crate::sha256_hex(base),
        shape_sha256: crate::sha256_hex(&without_serials(bytes)),
        layout_sha256: crate::sha256_hex(&without_identity(bytes)),
        manufacturer: letters(u8_at(base, 8)?, u8_at(base, 9)?),
        product: u16_le(base, 10)?,
        serial_number: u32_le(base, 12)?,
        week: u8_at(base, 16)?,
        year: 1990 + u16::from(u8_at(base, 17)?),
        version,
        input: input(u8_at(base, 20)?, version),
        size_cm: (u8_at(base, 21)?, u8_at(base, 22)?),
        preferred: None,
        timings: Vec::new(),
        established: [u8_at(base, 35)?, u8_at(base, 36)?, u8_at(base, 37)?],
        standard: standard_timings(base.get(38..54)?, version),
        name: None,
        serial_text: None,
        texts: Vec::new(),
        range: None,
        announced_extensions: u8_at(base, 126)?,
        extensions: Vec::new(),
        faults: Vec::new(),
    };
    for at in DESCRIPTORS {
        descriptor(base.get(at..at + 18)?, &mut out);
    }
    out.preferred = out.timings.first().copied();
    extensions(bytes, &mut out);
    Some(out)
}

fn extensions(bytes: &[u8], out: &mut Edid) {
    let announced = out.announced_extensions;
    for (index, block) in (0_u8..=announced).zip(bytes.chunks(BLOCK_BYTES)) {
        if block.len() < BLOCK_BYTES {
            break;
        }
        if block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) != 0 {
            out.faults.push(EdidFault::Checksum { block: index });
        }
        if index > 0 {
            let read = extension(block, index, &mut out.faults);
            out.extensions.push(read);
        }
    }
    let present = u8::try_from(out.extensions.len()).unwrap_or(u8::MAX);
    if present < announced {
        out.faults.push(EdidFault::MissingExtensions { announced, present });
    }
    let trailing = bytes.len().saturating_sub((usize::from(present) + 1) * BLOCK_BYTES);
    if trailing > 0 {
        out.faults.push(EdidFault::Trailing { bytes: trailing });
    }
}

fn descriptor(one: &[u8], out: &mut Edid) {
    if let Some(timing) = DetailedTiming::from_bytes(one) {
        out.timings.push(timing);
        return;
    }
    let body = one.get(5..).unwrap_or_default();
    match u8_at(one, 3) {
        Some(NAME) if out.name.is_none() => out.name = text(body),
        Some(SERIAL_TEXT) if out.serial_text.is_none() => out.serial_text = text(body),
        Some(PLAIN_TEXT) => out.texts.extend(text(body)),
        Some(RANGE_LIMITS) if out.range.is_none() => out.range = range(body),
        _ => {}
    }
}

/// Two bytes each; `01 01` is unused, and so is what some displays leave there: zeros.
fn standard_timings(bytes: &[u8], version: (u8, u8)) -> Vec<StandardTiming> {
    let of = |first: u8, second: u8| {
        if first == 0 || (first, second) == (1, 1) {
            return None;
        }
        let width = (u16::from(first) + 31) * 8;
        let (across, down) = match second >> 6 {
            // Before 1.3 the first ratio was 1:1.
            0 if version < (1, 3) => (1, 1),
            0 => (16, 10),
            1 => (4, 3),
            2 => (5, 4),
            _ => (16, 9),
        };
        Some(StandardTiming {
            width,
            height: u16::try_from(u32::from(width) * down / across).unwrap_or(u16::MAX),
            refresh_hz: (second & 0x3f) + 60,
        })
    };
    bytes.chunks_exact(2).filter_map(|pair| of(u8_at(pair, 0)?, u8_at(pair, 1)?)).collect()
}

fn range(body: &[u8]) -> Option<RangeLimits> {
    Some(RangeLimits {
        vertical_hz: (u8_at(body, 0)?, u8_at(body, 1)?),
        horizontal_khz: (u8_at(body, 2)?, u8_at(body, 3)?),
        max_clock_mhz: u16::from(u8_at(body, 4)?) * 10,
    })
}

/// Text up to a line feed, blanks trimmed; `None` where nothing is left.
fn text(body: &[u8]) -> Option<String> {
    let end = body.iter().position(|byte| *byte == b'\n').unwrap_or(body.len());
    let kept: String =
        body.get(..end)?.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Three letters of five bits, 1 for A (E-EDID A2 section 3.4.1); what is no letter becomes `?`.
fn letters(high: u8, low: u8) -> String {
    let packed = u16::from(high) << 8 | u16::from(low);
    [10, 5, 0]
        .into_iter()
        .map(|shift| match u8::try_from(packed >> shift & 0x1f).unwrap_or_default() {
            n @ 1..=26 => char::from(b'A' + n - 1),
            _ => '?',
        })
        .collect()
}

const fn input(byte: u8, version: (u8, u8)) -> Input {
    if byte & 0x80 == 0 {
        return Input::Analog;
    }
    if version.0 == 1 && version.1 < 4 {
        return Input::Digital(Interface::Undefined);
    }
    Input::Digital(match byte & 0x0f {
        0 => Interface::Undefined,
        1 => Interface::Dvi,
        2 => Interface::HdmiA,
        3 => Interface::HdmiB,
        4 => Interface::Mddi,
        5 => Interface::DisplayPort,
        _ => Interface::Other,
    })
}

/// A copy with numeric serial, serial texts and every checksum zeroed. DisplayID product blocks can hold a serial
/// too: such extensions are zeroed whole.
fn without_serials(bytes: &[u8]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    let mut zero = |from: usize, to: usize| {
        if let Some(part) = copy.get_mut(from..to.min(bytes.len())) {
            part.fill(0);
        }
    };
    zero(12, 16);
    for at in DESCRIPTORS {
        let is_serial = u16_le(bytes, at) == Some(0) && u8_at(bytes, at + 3) == Some(SERIAL_TEXT);
        if is_serial {
            zero(at + 5, at + 18);
        }
    }
    for start in (0..bytes.len()).step_by(BLOCK_BYTES) {
        if start > 0 && u8_at(bytes, start) == Some(0x70) {
            zero(start + 1, start + BLOCK_BYTES);
        }
        if start + BLOCK_BYTES <= bytes.len() {
            zero(start + BLOCK_BYTES - 1, start + BLOCK_BYTES);
        }
    }
    copy
}

/// A copy without anything that names a monitor: identity, date and texts zeroed on top of the serials.
fn without_identity(bytes: &[u8]) -> Vec<u8> {
    let mut copy = without_serials(bytes);
    if let Some(identity) = copy.get_mut(8..18) {
        identity.fill(0);
    }
    for at in DESCRIPTORS {
        let is_text = u16_le(bytes, at) == Some(0)
            && matches!(u8_at(bytes, at + 3), Some(SERIAL_TEXT | PLAIN_TEXT | NAME));
        if is_text && let Some(text) = copy.get_mut(at + 5..at + 18) {
            text.fill(0);
        }
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PiKVM's shipped default (pikvm/kvmd configs/kvmd/edid/v2.hex).
    fn pikvm() -> Vec<u8> {
        let text = include_str!("../../captures/edid-pikvm-v2.hex");
        hex::decode(text.split_whitespace().collect::<String>()).unwrap()
    }

    #[test]
    fn a_shipped_kvm_edid_reads_whole() {
        let edid = parse(&pikvm()).unwrap();
        assert_eq!((edid.manufacturer.as_str(), edid.product), ("LNX", 0x7770));
        assert_eq!(edid.name.as_deref(), Some("PiKVM"));
        assert_eq!(edid.serial_text.as_deref(), Some("CAFEBABE"));
        assert_eq!(edid.size_cm, (53, 30));
        assert_eq!(edid.preferred.unwrap().to_string(), "1280x720 at 60 Hz");
        assert_eq!(edid.faults, []);
        let Some(Extension::Cta(cta)) = edid.extensions.first() else { panic!("no CTA block") };
        assert_eq!(cta.hdmi.unwrap().physical_address, 0x1000);
        assert_eq!(edid.sha256, "e2d83f40f30a732398338cab4491678ec02919acefe4e7b8e1abbde8172c434c");
    }

    #[test]
    fn the_shape_forgets_serials_and_nothing_else() {
        let bytes = pikvm();
        let mut other = bytes.clone();
        other[12] = 0x55;
        other[80] = b'Z';
        other[127] = 0;
        let (a, b) = (parse(&bytes).unwrap(), parse(&other).unwrap());
        assert_ne!(a.sha256, b.sha256);
        assert_eq!(a.shape_sha256, b.shape_sha256);
        other[10] = 0x71;
        assert_ne!(parse(&other).unwrap().shape_sha256, a.shape_sha256);
    }

    #[test]
    fn announced_and_absent_extensions_are_a_fault() {
        let mut base = pikvm();
        base.truncate(128);
        base[126] = 255;
        let edid = parse(&base).unwrap();
        assert!(edid.faults.contains(&EdidFault::MissingExtensions { announced: 255, present: 0 }));
        assert!(edid.faults.contains(&EdidFault::Checksum { block: 0 }));
    }

    #[test]
    fn no_header_is_no_edid() {
        assert_eq!(parse(&[0; 128]), Err(EdidError::NoHeader));
        assert_eq!(parse(&[]), Err(EdidError::TooShort { bytes: 0 }));
    }

    #[test]
    fn standard_timings_are_read_by_their_ratio() {
        let bytes = [0xd1, 0xc0, 0x81, 0x80, 0x61, 0x40, 1, 1, 0, 0, 0xd1, 0x00];
        let read = |version| -> Vec<_> {
            let timings = standard_timings(&bytes, version);
            timings.iter().map(|t| (t.width, t.height, t.refresh_hz)).collect()
        };
        assert_eq!(read((1, 3)), [(1920, 1080, 60), (1280, 1024, 60), (1024, 768, 60), (1920, 1200, 60)]);
        assert_eq!(read((1, 2)).last(), Some(&(1920, 1920, 60)));
    }

    #[test]
    fn blocks_of_zeros_and_every_cut_are_safe() {
        let whole = pikvm();
        for end in 0..whole.len() {
            let read = parse(&whole[..end]);
            assert_eq!(read.is_ok(), end >= 128, "cut at {end}");
        }
        let mut empty = whole[..128].to_vec();
        empty[126] = 255;
        empty.resize(256 * 128, 0);
        let edid = parse(&empty).unwrap();
        assert_eq!(edid.extensions.len(), 255);
        assert_eq!(edid.faults.iter().filter(|f| matches!(f, EdidFault::EmptyExtension { .. })).count(), 255);
        empty.push(0);
        assert_eq!(parse(&empty), Err(EdidError::TooLong { bytes: 256 * 128 + 1 }));
    }

    proptest::proptest! {
        #[test]
        fn mutated_displays_never_panic(changes in proptest::collection::vec((0_usize..256, proptest::num::u8::ANY), 1..40)) {
            let mut bytes = pikvm();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            let _ = parse(&bytes);
            let _ = super::super::without_personal(&bytes);
        }

        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..700)) {
            let _ = parse(&bytes);
            if let Some(head) = bytes.get_mut(..8) { head.copy_from_slice(&HEADER); }
            if bytes.len() > 130 { bytes[128] = 2; bytes[129] = 3; }
            let _ = parse(&bytes);
        }
    }
}
