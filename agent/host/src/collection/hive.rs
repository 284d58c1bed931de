//! Windows registry hives (`regf`), read without writing.
//!
//! Always: every offset is checked against the file; lists are walked once, to a bounded depth, so a key that holds
//! itself ends; a value's data is bounded; what points nowhere is a typed error for that key or value alone.
//! Facts: the format as the registry's own files show it (base block of 4,096 bytes, bins, cells; `nk`, `vk`, `lf`,
//! `lh`, `li`, `ri`, `db` records; log entries `HvLE`).

mod log;
mod marvin;

pub use log::{Recovered, recover};

use bearing_protocol::Timestamp;

use crate::little_endian::{u16_at, u32_at};

/// Why a hive, a key or a value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HiveError {
    /// It does not begin as a hive, or is shorter than its head.
    #[error("not a registry hive")]
    NotAHive,
    /// A cell is outside the file or shorter than what it holds.
    #[error("the cell at {offset:#x} of the hive is outside the file or too short")]
    Cell {
        /// Offset from the first bin.
        offset: u32,
    },
    /// A cell holds another record than the one that points to it needs.
    #[error("the cell at {offset:#x} of the hive holds no {wanted} record")]
    Record {
        /// Offset from the first bin.
        offset: u32,
        /// What is needed.
        wanted: &'static str,
    },
    /// More than a limit allows.
    #[error("the hive has more than {limit} {what} in one place")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// A hive.
#[derive(Clone, Copy, Debug)]
pub struct Hive<'a> {
    /// Everything behind the base block.
    bins: &'a [u8],
    root: u32,
    dirty: bool,
    checksum_fits: bool,
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    hive: Hive<'a>,
    record: &'a [u8],
}

/// A value's data by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `REG_SZ`, `REG_EXPAND_SZ`, and the same as a device property.
    Text(String),
    /// `REG_MULTI_SZ`.
    Texts(Vec<String>),
    /// `REG_DWORD`.
    Number(u32),
    /// A `FILETIME` property.
    Time(Option<Timestamp>),
    /// Everything else, as it is.
    Bytes(Vec<u8>),
}

impl Data {
    /// Its text.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Its texts.
    pub fn texts(&self) -> &[String] {
        if let Self::Texts(texts) = self { texts } else { &[] }
    }

    /// Its number.
    pub fn number(&self) -> Option<u32> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl<'a> Hive<'a> {
    /// Reads the base block.
    ///
    /// # Errors
    /// [`HiveError::NotAHive`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HiveError> {
        if !bytes.starts_with(b"regf") {
            return Err(HiveError::NotAHive);
        }
        let bins = bytes.get(BASE_BYTES..).ok_or(HiveError::NotAHive)?;
        let word = |at| u32_at(bytes, at).ok_or(HiveError::NotAHive);
        Ok(Self {
            bins,
            root: word(36)?,
            dirty: word(4)? != word(8)?,
            checksum_fits: word(508)? == checksum(bytes),
        })
    }

    /// Whether it was written to when it was copied: its transaction logs then hold what is newest.
    pub const fn is_dirty(&self) -> bool {
        self.dirty || !self.checksum_fits
    }

    /// The outermost key.
    ///
    /// # Errors
    /// Where the base block points at no key.
    pub fn root(&self) -> Result<Key<'a>, HiveError> {
        self.key(self.root)
    }

    fn key(&self, offset: u32) -> Result<Key<'a>, HiveError> {
        let record = self.cell(offset)?;
        if !record.starts_with(b"nk") || record.len() < KEY_BYTES {
            return Err(HiveError::Record { offset, wanted: "key" });
        }
        Ok(Key { hive: *self, record })
    }

    /// A cell's body. Sizes are negative while a cell is in use (a free one may still be read: it is not pointed to).
    fn cell(&self, offset: u32) -> Result<&'a [u8], HiveError> {
        let wrong = HiveError::Cell { offset };
        let at = usize::try_from(offset).map_err(|_| wrong)?;
        let size = u32_at(self.bins, at).ok_or(wrong)?.cast_signed().unsigned_abs();
        let size = usize::try_from(size).map_err(|_| wrong)?;
        let start = at.checked_add(4).ok_or(wrong)?;
        let end = at.checked_add(size).ok_or(wrong)?;
        self.bins.get(start..end).ok_or(wrong)
    }

    /// Offsets of keys out of a list, and of the lists in it.
    fn list(&self, offset: u32, depth: usize, out: &mut Vec<u32>) -> Result<(), HiveError> {
        let cell = self.cell(offset)?;
        let wrong = HiveError::Cell { offset };
        let count = u16_at(cell, 2).ok_or(wrong)?;
        let step = match cell.get(..2) {
            Some(b"lf" | b"lh") => 8,
            Some(b"li" | b"ri") => 4,
            _ => return Err(HiveError::Record { offset, wanted: "list" }),
        };
        let is_index = cell.starts_with(b"ri");
        if is_index && depth == MAX_LIST_DEPTH {
            return Err(HiveError::TooMany { what: "levels of lists", limit: MAX_LIST_DEPTH });
        }
        for index in 0..usize::from(count) {
            let entry = u32_at(cell, 4 + index * step).ok_or(wrong)?;
            if is_index {
                self.list(entry, depth + 1, out)?;
            } else {
                if out.len() == MAX_CHILDREN {
                    return Err(HiveError::TooMany { what: "keys", limit: MAX_CHILDREN });
                }
                out.push(entry);
            }
        }
        Ok(())
    }
}

impl<'a> Key<'a> {
    fn word(&self, at: usize) -> u32 {
        u32_at(self.record, at).unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> String {
        let length = usize::from(u16_at(self.record, 72).unwrap_or_default());
        let bytes = self.record.get(76..76 + length).unwrap_or_default();
        name(bytes, self.word(0) >> 16 & COMPRESSED_NAME_OF_KEY != 0)
    }

    /// When it was last written to.
    pub fn written(&self) -> Option<Timestamp> {
        filetime(self.record.get(4..12)?)
    }

    /// The keys below it; a child that cannot be read is left out and counted.
    ///
    /// # Errors
    /// Where the list of them cannot be read.
    pub fn children(&self) -> Result<(Vec<Self>, u64), HiveError> {
        let mut offsets = Vec::new();
        if self.word(20) > 0 && self.word(28) != NOWHERE {
            self.hive.list(self.word(28), 0, &mut offsets)?;
        }
        let keys: Vec<Self> = offsets.iter().filter_map(|offset| self.hive.key(*offset).ok()).collect();
        let lost = u64::try_from(offsets.len() - keys.len()).unwrap_or(u64::MAX);
        Ok((keys, lost))
    }

    /// The key of this name below it. Case does not matter.
    pub fn child(&self, wanted: &str) -> Option<Self> {
        let (children, _) = self.children().ok()?;
        children.into_iter().find(|key| same(&key.name(), wanted))
    }

    /// The key at a path (`Control\TimeZoneInformation`).
    pub fn at(&self, path: &str) -> Option<Self> {
        path.split('\\').try_fold(*self, |key, name| key.child(name))
    }

    /// A value's data; `""` is the value without a name.
    ///
    /// # Errors
    /// Where it is there and cannot be read.
    pub fn value(&self, wanted: &str) -> Result<Option<Data>, HiveError> {
        let count = usize::try_from(self.word(36)).unwrap_or(usize::MAX);
        if count == 0 || self.word(40) == NOWHERE {
            return Ok(None);
        }
        let list = self.hive.cell(self.word(40))?;
        for index in 0..count.min(MAX_VALUES) {
            let Some(offset) = u32_at(list, index * 4) else { break };
            let Ok(record) = self.hive.cell(offset) else { continue };
            if !record.starts_with(b"vk") {
                continue;
            }
            let length = usize::from(u16_at(record, 2).unwrap_or_default());
            let compressed = u16_at(record, 16).unwrap_or_default() & COMPRESSED_NAME_OF_VALUE != 0;
            let bytes = record.get(20..20 + length).unwrap_or_default();
            if same(&name(bytes, compressed), wanted) {
                let kind = u32_at(record, 12).unwrap_or_default();
                return self.data(record, offset).map(|bytes| Some(decode(kind, &bytes)));
            }
        }
        Ok(None)
    }

    /// A value's text, where it has one.
    pub fn text(&self, name: &str) -> Option<String> {
        let data = self.value(name).ok()??;
        data.text().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn data(&self, record: &'a [u8], offset: u32) -> Result<Vec<u8>, HiveError> {
        let wrong = HiveError::Cell { offset };
        let size = u32_at(record, 4).ok_or(wrong)?;
        let at = u32_at(record, 8).ok_or(wrong)?;
        if size & IN_PLACE != 0 {
            // Up to four bytes stand where the offset would.
            let size = usize::try_from(size & !IN_PLACE).map_err(|_| wrong)?;
            return Ok(record.get(8..8 + size.min(4)).ok_or(wrong)?.to_vec());
        }
        let size = usize::try_from(size).map_err(|_| wrong)?;
        if size > MAX_DATA_BYTES {
            return Err(HiveError::TooMany { what: "bytes of a value", limit: MAX_DATA_BYTES });
        }
        let cell = self.hive.cell(at)?;
        if size <= SEGMENT_BYTES || !cell.starts_with(b"db") {
            return Ok(cell.get(..size).ok_or(HiveError::Cell { offset: at })?.to_vec());
        }
        let count = usize::from(u16_at(cell, 2).ok_or(wrong)?);
        let list = self.hive.cell(u32_at(cell, 4).ok_or(wrong)?)?;
        let mut out = Vec::with_capacity(size);
        for index in 0..count {
            let segment = self.hive.cell(u32_at(list, index * 4).ok_or(wrong)?)?;
            let left = size - out.len();
            out.extend_from_slice(
                segment.get(..left.min(SEGMENT_BYTES).min(segment.len())).unwrap_or_default(),
            );
        }
        if out.len() == size { Ok(out) } else { Err(HiveError::Cell { offset: at }) }
    }
}

/// By type: `winnt.h` (`REG_*`), and `0xFFFF0000` with a type of `devpropdef.h` for device properties.
pub(crate) fn decode(kind: u32, bytes: &[u8]) -> Data {
    match kind {
        1 | 2 | DEVICE_TEXT => Data::Text(utf16(bytes)),
        7 | DEVICE_TEXTS => Data::Texts(
            utf16_whole(bytes).split('\0').filter(|text| !text.is_empty()).map(str::to_owned).collect(),
        ),
        4 => u32_at(bytes, 0).map_or_else(|| Data::Bytes(bytes.to_vec()), Data::Number),
        DEVICE_TIME => Data::Time(filetime(bytes)),
        _ => Data::Bytes(bytes.to_vec()),
    }
}

fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.eq_ignore_ascii_case(other)
}

/// A name: Latin-1 where it is compressed, else UTF-16.
fn name(bytes: &[u8], compressed: bool) -> String {
    if compressed { bytes.iter().map(|byte| char::from(*byte)).collect() } else { utf16_whole(bytes) }
}

/// Text up to its first zero; what is no UTF-16 becomes U+FFFD.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let whole = utf16_whole(bytes);
    whole.split('\0').next().unwrap_or_default().to_owned()
}

fn utf16_whole(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

/// A `FILETIME`: tenths of microseconds since 1601. Zero is none.
pub(crate) fn filetime(bytes: &[u8]) -> Option<Timestamp> {
    let ticks = i64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    if ticks <= 0 {
        return None;
    }
    let seconds = ticks / 10_000_000 - SECONDS_FROM_1601_TO_1970;
    let nanoseconds = i32::try_from(ticks % 10_000_000).ok()? * 100;
    Timestamp::new(seconds, nanoseconds).ok()
}

/// The base block's checksum: its first 127 words joined by exclusive or; all ones and zero are avoided.
fn checksum(bytes: &[u8]) -> u32 {
    let words = bytes.get(..508).unwrap_or_default().chunks_exact(4);
    match words.fold(0, |sum, word| sum ^ u32::from_le_bytes([word[0], word[1], word[2], word[3]])) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}

const BASE_BYTES: usize = 4_096;
/// Length of a key's record without its name.
const KEY_BYTES: usize = 76;
const NOWHERE: u32 = u32::MAX;
const COMPRESSED_NAME_OF_KEY: u32 = 0x20;
const COMPRESSED_NAME_OF_VALUE: u16 = 0x01;
const IN_PLACE: u32 = 0x8000_0000;
/// Most bytes of a value's data in one cell; longer data is cut into segments.
const SEGMENT_BYTES: usize = 16_344;
const DEVICE_TIME: u32 = 0xffff_0010;
const DEVICE_TEXT: u32 = 0xffff_0012;
const DEVICE_TEXTS: u32 = 0xffff_2012;
const SECONDS_FROM_1601_TO_1970: i64 = 11_644_473_600;
/// Most keys below one key.
const MAX_CHILDREN: usize = 100_000;
/// Most values of one key that are looked at.
const MAX_VALUES: usize = 4_096;
/// Most bytes of one value.
const MAX_DATA_BYTES: usize = 1024 * 1024;
/// `ri` lists hold lists, never `ri` lists again; two levels are more than any hive has.
const MAX_LIST_DEPTH: usize = 2;

#[cfg(test)]
mod tests;
