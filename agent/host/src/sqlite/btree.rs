//! Tables and indexes: trees of pages.

use std::{cmp::Ordering, ops::ControlFlow};

use super::{
    Database, MAX_PAYLOAD_BYTES, SqliteError,
    record::{Value, columns, varint},
    u16_at, u32_at,
};

/// Deepest tree. With two children a page, this is more than a file can hold.
const MAX_DEPTH: u8 = 24;
/// The database's own header stands before the first page's.
const FIRST_PAGE_HEADER_BYTES: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    IndexInterior,
    TableInterior,
    IndexLeaf,
    TableLeaf,
}

struct Page<'d, 'a> {
    database: &'d Database<'a>,
    number: u32,
    bytes: Vec<u8>,
    kind: Kind,
    /// Where the page's header begins.
    start: usize,
}

/// A cell: what is below it, its key, and where its record lies.
struct Cell {
    left: u32,
    row: i64,
    payload: Option<Payload>,
}

struct Payload {
    length: usize,
    at: usize,
}

impl<'d, 'a> Page<'d, 'a> {
    fn fetch(database: &'d Database<'a>, number: u32) -> Result<Self, SqliteError> {
        let bytes = database.page(number)?;
        let start = if number == 1 { FIRST_PAGE_HEADER_BYTES } else { 0 };
        let kind = match bytes.get(start) {
            Some(2) => Kind::IndexInterior,
            Some(5) => Kind::TableInterior,
            Some(10) => Kind::IndexLeaf,
            Some(13) => Kind::TableLeaf,
            _ => return Err(SqliteError::Page(number)),
        };
        Ok(Self { database, number, bytes, kind, start })
    }

    fn malformed(&self) -> SqliteError {
        SqliteError::Page(self.number)
    }

    const fn is_interior(&self) -> bool {
        matches!(self.kind, Kind::IndexInterior | Kind::TableInterior)
    }

    const fn is_index(&self) -> bool {
        matches!(self.kind, Kind::IndexInterior | Kind::IndexLeaf)
    }

    fn cell_count(&self) -> usize {
        let wanted = u16_at(&self.bytes, self.start + 3).map_or(0, usize::from);
        // A cell has two bytes in the array alone.
        wanted.min(self.bytes.len() / 2)
    }

    fn rightmost(&self) -> Result<u32, SqliteError> {
        u32_at(&self.bytes, self.start + 8).ok_or_else(|| self.malformed())
    }

    fn cell(&self, index: usize) -> Result<Cell, SqliteError> {
        self.parse_cell(index).ok_or_else(|| self.malformed())
    }

    fn parse_cell(&self, index: usize) -> Option<Cell> {
        let header = if self.is_interior() { 12 } else { 8 };
        let mut at = usize::from(u16_at(&self.bytes, self.start + header + 2 * index)?);
        let mut left = 0;
        if self.is_interior() {
            left = u32_at(&self.bytes, at)?;
            at += 4;
        }
        let mut number = || {
            let (number, used) = varint(self.bytes.get(at..)?)?;
            at += used;
            Some(number)
        };
        let length = if self.kind == Kind::TableInterior { None } else { Some(number()?) };
        let row = if self.is_index() { 0 } else { number()?.cast_signed() };
        let payload = match length {
            Some(length) => Some(Payload { length: usize::try_from(length).ok()?, at }),
            None => None,
        };
        Some(Cell { left, row, payload })
    }

    /// A cell's record, put together from this page and the ones it overflows to.
    fn payload_into(&self, payload: &Payload, out: &mut Vec<u8>) -> Result<(), SqliteError> {
        out.clear();
        if payload.length > MAX_PAYLOAD_BYTES {
            return Err(SqliteError::TooLong);
        }
        let usable = self.database.usable;
        let most = if self.is_index() { (usable - 12) * 64 / 255 - 23 } else { usable - 35 };
        let least = (usable - 12) * 32 / 255 - 23;
        let local = if payload.length <= most {
            payload.length
        } else {
            let kept = least + (payload.length - least) % (usable - 4);
            if kept <= most { kept } else { least }
        };
        let here = self.bytes.get(payload.at..payload.at + local).ok_or_else(|| self.malformed())?;
        out.extend_from_slice(here);
        if local == payload.length {
            return Ok(());
        }
        let mut next = u32_at(&self.bytes, payload.at + local).ok_or_else(|| self.malformed())?;
        while out.len() < payload.length {
            let page = self.database.page(next)?;
            let wanted = (payload.length - out.len()).min(usable - 4);
            out.extend_from_slice(page.get(4..4 + wanted).ok_or(SqliteError::Page(next))?);
            next = u32_at(&page, 0).ok_or(SqliteError::Page(next))?;
        }
        Ok(())
    }
}

pub(super) fn scan(
    database: &Database<'_>,
    root: u32,
    each: &mut dyn FnMut(i64, &[u8]) -> ControlFlow<()>,
) -> Result<(), SqliteError> {
    let mut buffer = Vec::new();
    scan_below(database, root, 0, &mut buffer, each).map(|_| ())
}

fn scan_below(
    database: &Database<'_>,
    number: u32,
    depth: u8,
    buffer: &mut Vec<u8>,
    each: &mut dyn FnMut(i64, &[u8]) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, SqliteError> {
    let page = Page::fetch(database, number)?;
    if depth > MAX_DEPTH || page.is_index() {
        return Err(page.malformed());
    }
    for index in 0..page.cell_count() {
        let cell = page.cell(index)?;
        let flow = match &cell.payload {
            Some(payload) => {
                page.payload_into(payload, buffer)?;
                each(cell.row, buffer)
            }
            None => scan_below(database, cell.left, depth + 1, buffer, each)?,
        };
        if flow.is_break() {
            return Ok(flow);
        }
    }
    if page.is_interior() {
        return scan_below(database, page.rightmost()?, depth + 1, buffer, each);
    }
    Ok(ControlFlow::Continue(()))
}

pub(super) fn row(database: &Database<'_>, root: u32, id: i64) -> Result<Option<Vec<u8>>, SqliteError> {
    let mut number = root;
    for _ in 0..=MAX_DEPTH {
        let page = Page::fetch(database, number)?;
        if page.is_index() {
            return Err(page.malformed());
        }
        let mut below = None;
        for index in 0..page.cell_count() {
            let cell = page.cell(index)?;
            match &cell.payload {
                Some(payload) if cell.row == id => {
                    let mut record = Vec::new();
                    page.payload_into(payload, &mut record)?;
                    return Ok(Some(record));
                }
                None if cell.row >= id => {
                    below = Some(cell.left);
                    break;
                }
                _ => {}
            }
        }
        number = match below {
            Some(left) => left,
            None if page.is_interior() => page.rightmost()?,
            None => return Ok(None),
        };
    }
    Err(SqliteError::Page(number))
}

pub(super) fn rows_with(
    database: &Database<'_>,
    index: u32,
    key: &[u8],
    max_rows: usize,
) -> Result<Vec<i64>, SqliteError> {
    let mut rows = Vec::new();
    rows_below(database, index, key, max_rows, 0, &mut rows)?;
    Ok(rows)
}

fn rows_below(
    database: &Database<'_>,
    number: u32,
    key: &[u8],
    max_rows: usize,
    depth: u8,
    rows: &mut Vec<i64>,
) -> Result<(), SqliteError> {
    let page = Page::fetch(database, number)?;
    if depth > MAX_DEPTH || !page.is_index() {
        return Err(page.malformed());
    }
    let mut record = Vec::new();
    for index in 0..page.cell_count() {
        if rows.len() >= max_rows {
            return Ok(());
        }
        let cell = page.cell(index)?;
        let Some(payload) = &cell.payload else { return Err(page.malformed()) };
        page.payload_into(payload, &mut record)?;
        let mut values = columns(&record);
        let order = match values.next() {
            Some(Value::Text(text)) => text.cmp(key),
            // Numbers and NULL stand before texts, bytes after them.
            Some(Value::Blob(_)) => Ordering::Greater,
            Some(_) => Ordering::Less,
            None => return Err(page.malformed()),
        };
        if order == Ordering::Less {
            continue;
        }
        if page.is_interior() {
            rows_below(database, cell.left, key, max_rows, depth + 1, rows)?;
        }
        if order == Ordering::Greater {
            return Ok(());
        }
        if let Some(Value::Integer(row)) = values.last() {
            rows.push(row);
        }
    }
    if page.is_interior() && rows.len() < max_rows {
        rows_below(database, page.rightmost()?, key, max_rows, depth + 1, rows)?;
    }
    Ok(())
}
