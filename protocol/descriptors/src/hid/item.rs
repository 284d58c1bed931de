//! Items, one after the other. HID 1.11 sections 5.3 and 6.2.2.2 to 6.2.2.3.

use super::HidError;

/// What an item is: bType and bTag of section 6.2.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the standard's words, sections 6.2.2.4 to 6.2.2.8")]
pub enum ItemKind {
    Input,
    Output,
    Feature,
    Collection,
    EndCollection,
    UsagePage,
    LogicalMinimum,
    LogicalMaximum,
    PhysicalMinimum,
    PhysicalMaximum,
    UnitExponent,
    Unit,
    ReportSize,
    ReportId,
    ReportCount,
    Push,
    Pop,
    Usage,
    UsageMinimum,
    UsageMaximum,
    DesignatorIndex,
    DesignatorMinimum,
    DesignatorMaximum,
    StringIndex,
    StringMinimum,
    StringMaximum,
    Delimiter,
    Long,
    Reserved,
}

/// One item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Where it starts.
    pub offset: usize,
    /// What it is.
    pub kind: ItemKind,
    /// Its data, least significant byte first.
    pub data: &'a [u8],
}

impl Item<'_> {
    /// The data as an unsigned number.
    pub fn unsigned(&self) -> u32 {
        self.data.iter().take(4).rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
    }

    /// The data as a signed number of its own size.
    pub fn signed(&self) -> i32 {
        let bits = u32::try_from(self.data.len().min(4) * 8).unwrap_or(32);
        if bits == 0 {
            return 0;
        }
        let shift = 32 - bits;
        i32::from_le_bytes((self.unsigned() << shift).to_le_bytes()) >> shift
    }
}

/// The items of a descriptor, until the end or the first that runs past it.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Items<'a> {
    /// The items of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, offset: usize, start: usize, len: usize) -> Result<&'a [u8], HidError> {
        let data = self.bytes.get(start..start + len).ok_or(HidError::Truncated {
            offset,
            needed: len,
            available: self.bytes.len().saturating_sub(start),
        });
        self.at = if data.is_ok() { start + len } else { self.bytes.len() };
        data
    }
}

const LONG_ITEM: u8 = 0xfe;

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, HidError>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.at;
        let prefix = *self.bytes.get(offset)?;
        if prefix == LONG_ITEM {
            let len = usize::from(self.bytes.get(offset + 1).copied().unwrap_or(u8::MAX));
            return Some(self.take(offset, offset + 3, len).map(|data| Item {
                offset,
                kind: ItemKind::Long,
                data,
            }));
        }
        let len = match prefix & 0x03 {
            3 => 4,
            n => usize::from(n),
        };
        let kind = kind(prefix >> 2 & 0x03, prefix >> 4);
        Some(self.take(offset, offset + 1, len).map(|data| Item { offset, kind, data }))
    }
}

const fn kind(item_type: u8, tag: u8) -> ItemKind {
    use ItemKind as K;
    match (item_type, tag) {
        (0, 0x8) => K::Input,
        (0, 0x9) => K::Output,
        (0, 0xb) => K::Feature,
        (0, 0xa) => K::Collection,
        (0, 0xc) => K::EndCollection,
        (1, 0x0) => K::UsagePage,
        (1, 0x1) => K::LogicalMinimum,
        (1, 0x2) => K::LogicalMaximum,
        (1, 0x3) => K::PhysicalMinimum,
        (1, 0x4) => K::PhysicalMaximum,
        (1, 0x5) => K::UnitExponent,
        (1, 0x6) => K::Unit,
        (1, 0x7) => K::ReportSize,
        (1, 0x8) => K::ReportId,
        (1, 0x9) => K::ReportCount,
        (1, 0xa) => K::Push,
        (1, 0xb) => K::Pop,
        (2, 0x0) => K::Usage,
        (2, 0x1) => K::UsageMinimum,
        (2, 0x2) => K::UsageMaximum,
        (2, 0x3) => K::DesignatorIndex,
        (2, 0x4) => K::DesignatorMinimum,
        (2, 0x5) => K::DesignatorMaximum,
        (2, 0x7) => K::StringIndex,
        (2, 0x8) => K::StringMinimum,
        (2, 0x9) => K::StringMaximum,
        (2, 0xa) => K::Delimiter,
        _ => K::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_signed_by_their_own_size() {
        let item = |data| Item { offset: 0, kind: ItemKind::LogicalMaximum, data };
        assert_eq!(item(&[0xe7]).signed(), -25);
        assert_eq!(item(&[0xff, 0x00]).signed(), 255);
        assert_eq!(item(&[0xff, 0xff, 0, 0]).signed(), 65_535);
        assert_eq!(item(&[]).signed(), 0);
        assert_eq!(item(&[0xe7]).unsigned(), 231);
    }

    #[test]
    fn a_long_item_is_skipped_whole() {
        let kinds: Vec<_> = Items::new(&[0xfe, 2, 0xf0, 1, 2, 0xc0]).map(|i| i.unwrap().kind).collect();
        assert_eq!(kinds, [ItemKind::Long, ItemKind::EndCollection]);
    }

    #[test]
    fn an_item_past_the_end_ends_the_reading() {
        let mut items = Items::new(&[0x05, 0x01, 0x26, 0xff]);
        assert!(items.next().unwrap().is_ok());
        assert_eq!(items.next(), Some(Err(HidError::Truncated { offset: 2, needed: 2, available: 1 })));
        assert_eq!(items.next(), None);
    }
}
