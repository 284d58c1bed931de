//! The write-ahead log: pages that were changed and not yet put back into the file.
//!
//! Always: a frame counts where its salt and running checksum are right and a commit follows it; everything
//! after the first that is wrong is what an earlier log left there.

use std::collections::HashMap;

use crate::executables::read_at::ReadAt;

use super::u32_at;

/// Where the newest committed copy of each page lies in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    page_bytes: usize,
    /// Offset of the page's bytes by page number.
    pages: HashMap<u32, u64>,
}

impl Log {
    /// Reads a log's frames; `None` where it is empty or no log.
    pub fn read(file: &dyn ReadAt) -> Option<Self> {
        let header = file.read_at(0, HEADER_BYTES);
        let big_endian = match u32_at(&header, 0)? {
            MAGIC_LITTLE => false,
            MAGIC_BIG => true,
            _ => return None,
        };
        let page_bytes = usize::try_from(u32_at(&header, 8)?).ok()?;
        if !page_bytes.is_power_of_two() || !(512..=65_536).contains(&page_bytes) {
            return None;
        }
        let salts = header.get(16..24)?;
        let mut sums = Sums { big_endian, a: 0, b: 0 };
        sums.add(header.get(..24)?);
        if !sums.is(header.get(24..32)?) {
            return None;
        }
        let mut log = Self { page_bytes, pages: HashMap::new() };
        let mut uncommitted = Vec::new();
        let mut at = HEADER_BYTES as u64;
        while at < MAX_LOG_BYTES {
            let frame = file.read_at(at, FRAME_HEADER_BYTES + page_bytes);
            let (Some(head), Some(page)) = (frame.get(..FRAME_HEADER_BYTES), frame.get(FRAME_HEADER_BYTES..))
            else {
                break;
            };
            if page.len() != page_bytes || head.get(8..16) != Some(salts) {
                break;
            }
            sums.add(head.get(..8)?);
            sums.add(page);
            if !sums.is(head.get(16..24)?) {
                break;
            }
            uncommitted.push((u32_at(head, 0)?, at + FRAME_HEADER_BYTES as u64));
            // The size of the database after a commit; 0 in every other frame.
            if u32_at(head, 4)? != 0 {
                log.pages.extend(uncommitted.drain(..));
            }
            at += (FRAME_HEADER_BYTES + page_bytes) as u64;
        }
        Some(log)
    }

    /// Size of a page, in bytes.
    pub const fn page_bytes(&self) -> usize {
        self.page_bytes
    }

    /// How many pages have a committed copy here.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Whether nothing was committed here.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// The newest committed copy of a page; `None` where the file's own is the newest.
    pub fn page(&self, file: &dyn ReadAt, number: u32) -> Option<Vec<u8>> {
        let page = file.read_at(*self.pages.get(&number)?, self.page_bytes);
        (page.len() == self.page_bytes).then_some(page)
    }
}

/// The running checksum: two sums that feed each other, over pairs of 32-bit words.
struct Sums {
    big_endian: bool,
    a: u32,
    b: u32,
}

impl Sums {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let &[a0, a1, a2, a3, b0, b1, b2, b3] = pair else { continue };
            let word =
                |bytes| if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
            self.a = self.a.wrapping_add(word([a0, a1, a2, a3])).wrapping_add(self.b);
            self.b = self.b.wrapping_add(word([b0, b1, b2, b3])).wrapping_add(self.a);
        }
    }

    /// Whether the sums are those stored, which is big-endian always.
    fn is(&self, stored: &[u8]) -> bool {
        u32_at(stored, 0) == Some(self.a) && u32_at(stored, 4) == Some(self.b)
    }
}

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const MAGIC_LITTLE: u32 = 0x377f_0682;
const MAGIC_BIG: u32 = 0x377f_0683;
/// Longest log that is read. SQLite puts pages back after four million bytes, unless somebody reads for long.
const MAX_LOG_BYTES: u64 = 256 * 1024 * 1024;
