//! Transaction logs of Windows 8.1 and later (`SYSTEM.LOG1`, `SYSTEM.LOG2`): pages that the hive does not hold yet.
//!
//! Always: an entry counts only where its hashes fit and its number follows on; the first that does not ends its log;
//! pages land inside the hive's bins or the entry is refused whole.

use super::{BASE_BYTES, marvin, u32_at};

/// A hive with its logs applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The hive's file.
    pub bytes: Vec<u8>,
    /// How many log entries were applied.
    pub entries: u64,
}

/// Applies what of `logs` follows on the hive. An older log's form (`DIRT`) is left alone.
pub fn recover(mut bytes: Vec<u8>, logs: &[&[u8]]) -> Recovered {
    let mut entries = 0;
    let Some(mut next) = u32_at(&bytes, 8) else { return Recovered { bytes, entries } };
    let mut logs: Vec<&[u8]> = logs.iter().copied().filter(|log| log.starts_with(b"regf")).collect();
    // The older log first: both are numbered from one sequence.
    logs.sort_by_key(|log| u32_at(log, LOG_HEAD_BYTES + 12).unwrap_or(u32::MAX));
    for log in logs {
        let mut at = LOG_HEAD_BYTES;
        while entries < MAX_ENTRIES {
            let Some(entry) = entry(log, at) else { break };
            at += entry.size;
            if entry.sequence < next {
                continue;
            }
            // Only the first may be ahead: what the hive already holds was cut off its log.
            if entries > 0 && entry.sequence != next || !apply(&mut bytes, &entry) {
                break;
            }
            next = entry.sequence.wrapping_add(1);
            entries += 1;
        }
    }
    Recovered { bytes, entries }
}

struct Entry<'a> {
    size: usize,
    sequence: u32,
    bins_bytes: usize,
    pages: usize,
    body: &'a [u8],
}

/// The entry at `at`, where it is whole and its hashes fit.
fn entry(log: &[u8], at: usize) -> Option<Entry<'_>> {
    let rest = log.get(at..)?;
    if !rest.starts_with(b"HvLE") {
        return None;
    }
    let size = usize::try_from(u32_at(rest, 4)?).ok()?;
    let body = rest.get(..size).filter(|body| body.len() >= ENTRY_HEAD_BYTES)?;
    let of_pages = u64::from_le_bytes(body.get(24..32)?.try_into().ok()?);
    let of_head = u64::from_le_bytes(body.get(32..40)?.try_into().ok()?);
    if marvin::hash(body.get(40..)?) != of_pages || marvin::hash(body.get(..32)?) != of_head {
        return None;
    }
    Some(Entry {
        size,
        sequence: u32_at(body, 12)?,
        bins_bytes: usize::try_from(u32_at(body, 16)?).ok()?,
        pages: usize::try_from(u32_at(body, 20)?).ok()?,
        body,
    })
}

/// Writes an entry's pages into the hive; nothing where one of them does not fit.
fn apply(bytes: &mut Vec<u8>, entry: &Entry<'_>) -> bool {
    let whole = BASE_BYTES.saturating_add(entry.bins_bytes);
    if entry.bins_bytes > MAX_HIVE_BYTES || entry.pages > MAX_PAGES {
        return false;
    }
    let mut from = ENTRY_HEAD_BYTES + entry.pages * 8;
    let mut writes = Vec::with_capacity(entry.pages.min(1_024));
    for page in 0..entry.pages {
        let head = ENTRY_HEAD_BYTES + page * 8;
        let place = |at| u32_at(entry.body, at).and_then(|value| usize::try_from(value).ok());
        let (Some(offset), Some(size)) = (place(head), place(head + 4)) else { return false };
        let Some(end) = from.checked_add(size) else { return false };
        let Some(data) = entry.body.get(from..end) else { return false };
        let Some(to) = BASE_BYTES.checked_add(offset) else { return false };
        if to.checked_add(size).is_none_or(|end| end > whole) {
            return false;
        }
        writes.push((to, data));
        from = end;
    }
    if bytes.len() < whole {
        bytes.resize(whole, 0);
    }
    for (to, data) in writes {
        if let Some(place) = bytes.get_mut(to..to + data.len()) {
            place.copy_from_slice(data);
        }
    }
    true
}

const LOG_HEAD_BYTES: usize = 512;
const ENTRY_HEAD_BYTES: usize = 40;
const MAX_ENTRIES: u64 = 100_000;
const MAX_PAGES: usize = 1 << 20;
const MAX_HIVE_BYTES: usize = 256 * 1024 * 1024;
