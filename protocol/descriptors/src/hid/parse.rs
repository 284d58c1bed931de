//! From items to collections and fields. HID 1.11 section 5.4 and 6.2.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    CollectionKey, HidError, ItemKind, Items, MAX_COLLECTIONS, MAX_DEPTH, MAX_REPORT_DESCRIPTOR_BYTES,
    MAX_STACK, MAX_USAGES, item::Item,
};

/// What a collection groups. HID 1.11 section 6.2.2.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the standard's words")]
pub enum CollectionKind {
    Physical,
    Application,
    Logical,
    Report,
    NamedArray,
    UsageSwitch,
    UsageModifier,
    Other,
}

/// A run of usages on one page; a single usage is a run of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UsageRange {
    /// Usage page.
    pub page: u16,
    /// First usage.
    pub first: u16,
    /// Last usage, at least `first`.
    pub last: u16,
}

impl UsageRange {
    /// Whether it holds this usage.
    pub const fn contains(&self, page: u16, usage: u16) -> bool {
        self.page == page && self.first <= usage && usage <= self.last
    }
}

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// What it groups.
    pub kind: CollectionKind,
    /// Usage page and usage; (0, 0) where it names none.
    pub usage: (u16, u16),
    /// The collection it stands in.
    pub parent: Option<usize>,
    /// The outermost collection it belongs to: itself where it is one.
    pub top: usize,
}

/// Which report a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the standard's words")]
pub enum FieldKind {
    Input,
    Output,
    Feature,
}

/// A field: one main item with the state it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Which report.
    pub kind: FieldKind,
    /// Its data bits: constant 0, variable 1, relative 2 (HID 1.11 section 6.2.2.5).
    pub flags: u32,
    /// Its usages.
    pub usages: Vec<UsageRange>,
    /// Logical minimum.
    pub logical_minimum: i32,
    /// Logical maximum, signed by its own size.
    pub logical_maximum: i32,
    /// Logical maximum as an unsigned number: what most hosts take where the minimum is not negative.
    pub logical_maximum_unsigned: u32,
    /// Bits of one element.
    pub report_size: u32,
    /// Number of elements.
    pub report_count: u32,
    /// Report id, where the device uses them.
    pub report_id: Option<u8>,
    /// The innermost collection around it.
    pub collection: Option<usize>,
}

impl Field {
    /// Padding: says nothing.
    pub const fn is_constant(&self) -> bool {
        self.flags & 0x01 != 0
    }

    /// One element per usage (otherwise an array of indices).
    pub const fn is_variable(&self) -> bool {
        self.flags & 0x02 != 0
    }

    /// Changes, not positions.
    pub const fn is_relative(&self) -> bool {
        self.flags & 0x04 != 0
    }

    /// Whether one of its usages is this.
    pub fn has_usage(&self, page: u16, usage: u16) -> bool {
        self.usages.iter().any(|range| range.contains(page, usage))
    }

    /// The maximum a host works with: unsigned where the minimum is not negative.
    pub fn effective_maximum(&self) -> i64 {
        if self.logical_minimum >= 0 && self.logical_maximum < self.logical_minimum {
            i64::from(self.logical_maximum_unsigned)
        } else {
            i64::from(self.logical_maximum)
        }
    }
}

/// A parsed report descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDescriptor {
    /// SHA-256 of the exact bytes, hex.
    pub sha256: String,
    /// How many bytes.
    pub bytes: usize,
    /// Collections in the order they open.
    pub collections: Vec<Collection>,
    /// Fields in the order they stand.
    pub fields: Vec<Field>,
    /// Every usage page that is named anywhere.
    pub pages: Vec<u16>,
}

impl ReportDescriptor {
    /// Indices of the outermost collections.
    pub fn top_level(&self) -> impl Iterator<Item = usize> {
        self.collections.iter().enumerate().filter(|(_, c)| c.parent.is_none()).map(|(index, _)| index)
    }

    /// The semantic key of every outermost collection, in order.
    pub fn keys(&self) -> Vec<CollectionKey> {
        self.top_level().filter_map(|top| CollectionKey::of(self, top)).collect()
    }

    /// Fields anywhere inside the outermost collection `top`.
    pub fn fields_of(&self, top: usize) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| {
            field.collection.and_then(|index| self.collections.get(index)).is_some_and(|c| c.top == top)
        })
    }

    /// Whether a usage page is named anywhere in it.
    pub fn names_page(&self, page: u16) -> bool {
        self.pages.contains(&page)
    }

    /// Length of the longest input report in bytes, its id byte included.
    pub fn longest_input_report(&self) -> Option<u64> {
        let mut bits: BTreeMap<Option<u8>, u64> = BTreeMap::new();
        for field in self.fields.iter().filter(|f| f.kind == FieldKind::Input) {
            let size = u64::from(field.report_size).saturating_mul(u64::from(field.report_count));
            let sum = bits.entry(field.report_id).or_default();
            *sum = sum.saturating_add(size);
        }
        bits.into_iter().map(|(id, bits)| bits.div_ceil(8).saturating_add(u64::from(id.is_some()))).max()
    }
}

/// Reads a report descriptor, strictly.
///
/// # Errors
/// The first item that breaks the standard.
pub fn parse(bytes: &[u8]) -> Result<ReportDescriptor, HidError> {
    let (descriptor, error) = parse_prefix(bytes);
    error.map_or(Ok(descriptor), Err)
}

/// Reads as far as the bytes make sense: what was read, and the error that ended it.
pub fn parse_prefix(bytes: &[u8]) -> (ReportDescriptor, Option<HidError>) {
    let mut walk = Walk::default();
    walk.out.sha256 = crate::sha256_hex(bytes);
    walk.out.bytes = bytes.len();
    if bytes.len() > MAX_REPORT_DESCRIPTOR_BYTES {
        return (walk.out, Some(HidError::TooLong { bytes: bytes.len() }));
    }
    for item in Items::new(bytes) {
        if let Err(error) = item.and_then(|item| walk.item(&item)) {
            return (walk.out, Some(error));
        }
    }
    let open = walk.open.len();
    (walk.out, (open > 0).then_some(HidError::Unclosed { count: open }))
}

/// The global state, section 6.2.2.7.
#[derive(Clone, Copy, Default)]
struct Global {
    page: u16,
    minimum: i32,
    maximum: i32,
    maximum_unsigned: u32,
    size: u32,
    count: u32,
    id: Option<u8>,
}

/// A usage as it is written: with a page of its own where it has four bytes (section 6.2.2.8).
#[derive(Clone, Copy)]
struct LocalUsage {
    page: Option<u16>,
    usage: u16,
}

#[derive(Default)]
struct Local {
    usages: Vec<(LocalUsage, LocalUsage)>,
    minimum: Option<LocalUsage>,
    maximum: Option<LocalUsage>,
}

#[derive(Default)]
struct Walk {
    out: ReportDescriptor,
    open: Vec<usize>,
    global: Global,
    stack: Vec<Global>,
    local: Local,
}

impl Walk {
    fn item(&mut self, item: &Item<'_>) -> Result<(), HidError> {
        let offset = item.offset;
        let global = &mut self.global;
        match item.kind {
            ItemKind::UsagePage => {
                global.page = low_half(item.unsigned());
                note_page(&mut self.out.pages, global.page);
            }
            ItemKind::LogicalMinimum => global.minimum = item.signed(),
            ItemKind::LogicalMaximum => {
                global.maximum = item.signed();
                global.maximum_unsigned = item.unsigned();
            }
            ItemKind::ReportSize => global.size = item.unsigned(),
            ItemKind::ReportCount => global.count = item.unsigned(),
            ItemKind::ReportId => {
                let id = item.unsigned();
                let fits = u8::try_from(id).ok().filter(|id| *id != 0);
                global.id = Some(fits.ok_or(HidError::ReportId { id, offset })?);
            }
            ItemKind::Push => {
                if self.stack.len() == MAX_STACK {
                    return Err(HidError::TooMany { what: "pushed states", limit: MAX_STACK, offset });
                }
                self.stack.push(*global);
            }
            ItemKind::Pop => *global = self.stack.pop().ok_or(HidError::NothingToPop { offset })?,
            ItemKind::Usage => {
                let usage = self.usage(item);
                self.add_usages(usage, usage, offset)?;
            }
            ItemKind::UsageMinimum => {
                self.local.minimum = Some(self.usage(item));
                self.close_range(offset)?;
            }
            ItemKind::UsageMaximum => {
                self.local.maximum = Some(self.usage(item));
                self.close_range(offset)?;
            }
            ItemKind::Collection => self.open_collection(item)?,
            ItemKind::EndCollection => {
                self.open.pop().ok_or(HidError::NothingToClose { offset })?;
                self.local = Local::default();
            }
            ItemKind::Input => self.field(FieldKind::Input, item),
            ItemKind::Output => self.field(FieldKind::Output, item),
            ItemKind::Feature => self.field(FieldKind::Feature, item),
            _ => {}
        }
        Ok(())
    }

    fn usage(&mut self, item: &Item<'_>) -> LocalUsage {
        let value = item.unsigned();
        let page = (item.data.len() > 2).then(|| low_half(value >> 16));
        if let Some(page) = page {
            note_page(&mut self.out.pages, page);
        }
        LocalUsage { page, usage: low_half(value) }
    }

    fn add_usages(&mut self, first: LocalUsage, last: LocalUsage, offset: usize) -> Result<(), HidError> {
        if self.local.usages.len() == MAX_USAGES {
            return Err(HidError::TooMany { what: "usages on one field", limit: MAX_USAGES, offset });
        }
        self.local.usages.push((first, last));
        Ok(())
    }

    fn close_range(&mut self, offset: usize) -> Result<(), HidError> {
        if let (Some(first), Some(last)) = (self.local.minimum, self.local.maximum) {
            self.local.minimum = None;
            self.local.maximum = None;
            self.add_usages(first, last, offset)?;
        }
        Ok(())
    }

    /// The local usages with the page in force at the main item (as hosts do; section 6.2.2.8).
    fn take_usages(&mut self) -> Vec<UsageRange> {
        let page = self.global.page;
        let local = std::mem::take(&mut self.local);
        local
            .usages
            .into_iter()
            .map(|(first, last)| UsageRange {
                page: first.page.or(last.page).unwrap_or(page),
                first: first.usage.min(last.usage),
                last: last.usage.max(first.usage),
            })
            .collect()
    }

    fn open_collection(&mut self, item: &Item<'_>) -> Result<(), HidError> {
        let offset = item.offset;
        if self.open.len() == MAX_DEPTH {
            return Err(HidError::TooMany {
                what: "collections inside each other",
                limit: MAX_DEPTH,
                offset,
            });
        }
        let index = self.out.collections.len();
        if index == MAX_COLLECTIONS {
            return Err(HidError::TooMany { what: "collections", limit: MAX_COLLECTIONS, offset });
        }
        let usage = self.take_usages().first().map_or((0, 0), |range| (range.page, range.first));
        let parent = self.open.last().copied();
        let top = self.open.first().copied().unwrap_or(index);
        let kind = match item.unsigned() {
            0 => CollectionKind::Physical,
            1 => CollectionKind::Application,
            2 => CollectionKind::Logical,
            3 => CollectionKind::Report,
            4 => CollectionKind::NamedArray,
            5 => CollectionKind::UsageSwitch,
            6 => CollectionKind::UsageModifier,
            _ => CollectionKind::Other,
        };
        self.out.collections.push(Collection { kind, usage, parent, top });
        self.open.push(index);
        Ok(())
    }

    fn field(&mut self, kind: FieldKind, item: &Item<'_>) {
        let usages = self.take_usages();
        let global = self.global;
        self.out.fields.push(Field {
            kind,
            flags: item.unsigned(),
            usages,
            logical_minimum: global.minimum,
            logical_maximum: global.maximum,
            logical_maximum_unsigned: global.maximum_unsigned,
            report_size: global.size,
            report_count: global.count,
            report_id: global.id,
            collection: self.open.last().copied(),
        });
    }
}

fn low_half(value: u32) -> u16 {
    u16::try_from(value & 0xffff).unwrap_or_default()
}

fn note_page(pages: &mut Vec<u16>, page: u16) {
    if !pages.contains(&page) {
        pages.push(page);
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
