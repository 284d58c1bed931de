//! SQLite databases, read and never locked: package managers keep theirs in this form.
//!
//! Always: pages are fetched when they are needed, so memory does not grow with the file; committed frames
//! of the write-ahead log stand before the file's own pages, uncommitted and stale ones are not believed;
//! every offset is checked, and trees that run in a circle or too deep are malformed.
//! Never here: writing, locks, shared memory, SQL. Whoever reads a database in use compares it before and
//! after.
//! Facts: the SQLite file format, <https://www.sqlite.org/fileformat2.html>.

mod btree;
pub mod record;
pub mod wal;

use std::{cell::Cell, ops::ControlFlow};

use crate::executables::read_at::ReadAt;
use record::{Value, columns};
use wal::Log;

/// A database that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqliteError {
    /// It does not begin as one.
    #[error("not an SQLite 3 database")]
    NotADatabase,
    /// Text in UTF-16.
    #[error("its texts are not UTF-8")]
    Encoding,
    /// A page that contradicts the format, or is not there.
    #[error("page {0} is malformed")]
    Page(u32),
    /// A value longer than the limit.
    #[error("a row is longer than {MAX_PAYLOAD_BYTES} bytes")]
    TooLong,
    /// More pages than the limit.
    #[error("more than {MAX_PAGES} pages were needed")]
    TooMany,
}

/// Most bytes of one row. rpm's largest headers (kernels, TeX) have some ten million.
pub const MAX_PAYLOAD_BYTES: usize = 32 * 1024 * 1024;
/// Most pages that one database may make us fetch: a gigabyte of ordinary ones.
pub const MAX_PAGES: u32 = 262_144;

/// An open database.
pub struct Database<'a> {
    file: &'a dyn ReadAt,
    log: Option<(&'a dyn ReadAt, Log)>,
    page_bytes: usize,
    /// What of a page holds data: some extensions reserve its end.
    usable: usize,
    pages_left: Cell<u32>,
}

impl<'a> Database<'a> {
    /// Opens a database and its write-ahead log, where it has one.
    ///
    /// # Errors
    /// [`SqliteError::NotADatabase`] and [`SqliteError::Encoding`]. A log that is damaged or belongs to an earlier
    /// state is left out as SQLite itself would.
    pub fn open(file: &'a dyn ReadAt, log: Option<&'a dyn ReadAt>) -> Result<Self, SqliteError> {
        let header = file.read_at(0, HEADER_BYTES);
        let page_of = |header: &[u8]| -> Option<(usize, usize)> {
            if header.get(..16)? != MAGIC {
                return None;
            }
            // 1 stands for 65536, which two bytes cannot hold.
            let bytes = match u16_at(header, 16)? {
                1 => 65_536,
                bytes => usize::from(bytes),
            };
            let usable = bytes.checked_sub(usize::from(*header.get(20)?))?;
            (bytes.is_power_of_two() && bytes >= 512 && usable >= 480).then_some((bytes, usable))
        };
        let log = log.and_then(|file| Log::read(file).map(|log| (file, log)));
        // A database that was only ever written to its log has an empty file.
        let from_log = || log.as_ref().and_then(|(file, log)| log.page(*file, 1));
        let (page_bytes, usable) =
            page_of(&header).or_else(|| page_of(&from_log()?)).ok_or(SqliteError::NotADatabase)?;
        let log = log.filter(|(_, log)| log.page_bytes() == page_bytes);
        let database = Self { file, log, page_bytes, usable, pages_left: Cell::new(MAX_PAGES) };
        let first = database.page(1)?;
        match u32_at(&first, 56) {
            // 0 is what a database without any table has.
            Some(0 | 1) => Ok(database),
            _ => Err(SqliteError::Encoding),
        }
    }

    /// The root page of a table (`table`) or an index (`index`) by its name.
    ///
    /// # Errors
    /// Where the schema is malformed.
    pub fn root_of(&self, kind: &str, name: &str) -> Result<Option<u32>, SqliteError> {
        let mut found = None;
        self.scan(SCHEMA_PAGE, |_, payload| {
            let row: Vec<Value<'_>> = columns(payload).take(4).collect();
            if let [Value::Text(its_kind), Value::Text(its_name), _, Value::Integer(root)] = row.as_slice()
                && *its_kind == kind.as_bytes()
                && *its_name == name.as_bytes()
            {
                found = u32::try_from(*root).ok();
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Gives every row of a table: its id and its record, in the order of ids.
    ///
    /// # Errors
    /// Where a page is malformed; rows before it were given.
    pub fn scan(
        &self,
        root: u32,
        mut each: impl FnMut(i64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), SqliteError> {
        btree::scan(self, root, &mut each)
    }

    /// One row of a table by its id.
    ///
    /// # Errors
    /// Where a page on the way is malformed.
    pub fn row(&self, root: u32, id: i64) -> Result<Option<Vec<u8>>, SqliteError> {
        btree::row(self, root, id)
    }

    /// Ids of the rows whose first indexed column is exactly `key`, at most `max_rows`. The index must use the
    /// `BINARY` collation, which is the default.
    ///
    /// # Errors
    /// Where a page on the way is malformed.
    pub fn rows_with(&self, index: u32, key: &[u8], max_rows: usize) -> Result<Vec<i64>, SqliteError> {
        btree::rows_with(self, index, key, max_rows)
    }

    fn page(&self, number: u32) -> Result<Vec<u8>, SqliteError> {
        let left = self.pages_left.get().checked_sub(1).ok_or(SqliteError::TooMany)?;
        self.pages_left.set(left);
        if let Some(page) = self.log.as_ref().and_then(|(file, log)| log.page(*file, number)) {
            return Ok(page);
        }
        let offset = u64::from(number.checked_sub(1).ok_or(SqliteError::Page(number))?);
        let page = self.file.read_at(offset * self.page_bytes as u64, self.page_bytes);
        if page.len() == self.page_bytes { Ok(page) } else { Err(SqliteError::Page(number)) }
    }
}

/// Reads everything in a database: for tests with damaged ones.
///
/// # Errors
/// As the functions of [`Database`].
pub fn walk(file: &[u8], log: &[u8]) -> Result<u64, SqliteError> {
    let database = Database::open(&file, Some(&log))?;
    let mut roots = Vec::new();
    database.scan(SCHEMA_PAGE, |_, payload| {
        if let Some(Value::Integer(root)) = columns(payload).nth(3) {
            roots.extend(u32::try_from(root).ok());
        }
        ControlFlow::Continue(())
    })?;
    let mut rows = 0;
    for root in roots {
        let _ = database.scan(root, |_, payload| {
            rows += columns(payload).count() as u64;
            ControlFlow::Continue(())
        });
        let _ = database.rows_with(root, b"data", 10);
    }
    Ok(rows)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;
const SCHEMA_PAGE: u32 = 1;

#[cfg(test)]
mod tests;
