//! The journal's file: lines are appended, old ones let go.
//!
//! Always: a line is on the disk before it counts; a cut at any byte loses at most the line being written; what is
//! let go is let go from the front, so that the chain of what stays still holds.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bearing_protocol::{Timestamp, digest::Digest};

use super::line::{Broken, Line, Written, parse};
use crate::state::{FileError, read_at_most, write_atomically};

/// The open journal: of each line where it stands in the chain; what it says is handed out once, at opening.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    entries: Vec<Entry>,
    bytes: u64,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) digest: Digest,
    bytes: u64,
    at: Timestamp,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum JournalError {
    #[error("journal of devices")]
    File(#[from] FileError),
    #[error("the journal of devices is broken")]
    Broken(#[from] Broken),
}

impl JournalFile {
    /// Opens and checks what is there; a line that a cut left half written is let go.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Line>), JournalError> {
        let (file, lines, is_torn) = Self::load(path)?;
        if is_torn {
            let fail = |source| FileError::Write { path: path.to_path_buf(), source };
            let open = OpenOptions::new().write(true).open(path).map_err(fail)?;
            open.set_len(file.bytes).and_then(|()| open.sync_all()).map_err(fail)?;
        }
        Ok((file, lines))
    }

    /// Reads and checks what is there, and changes nothing.
    pub(super) fn read(path: &Path) -> Result<(Self, Vec<Line>), JournalError> {
        Self::load(path).map(|(file, lines, _)| (file, lines))
    }

    fn load(path: &Path) -> Result<(Self, Vec<Line>, bool), JournalError> {
        let bytes = read_at_most(path, MAX_FILE_BYTES)?.unwrap_or_default();
        let parsed = parse(&bytes)?;
        let entries: Vec<Entry> = parsed.lines.iter().map(Entry::of).collect();
        let whole = entries.iter().map(|entry| entry.bytes).sum();
        let file = Self { path: path.to_path_buf(), entries, bytes: whole };
        Ok((file, parsed.lines.into_iter().map(|written| written.line).collect(), parsed.torn_bytes > 0))
    }

    /// An empty one that is not on the disk yet.
    pub(super) fn empty(path: &Path) -> Self {
        Self { path: path.to_path_buf(), entries: Vec::new(), bytes: 0 }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Appends `line`, whose number and previous digest are filled in here. Gives its place.
    pub(super) fn append(&mut self, line: Line) -> Result<Entry, FileError> {
        let (entry, mut text) = follow(self.entries.last(), line);
        text.push(b'\n');
        let fail = |source| FileError::Write { path: self.path.clone(), source };
        let mut file = private().append(true).create(true).open(&self.path).map_err(fail)?;
        let done = file.write_all(&text).and_then(|()| file.sync_data());
        if let Err(source) = done {
            // Half a line on a full disk: without it the next one follows from the right place.
            let _ = file.set_len(self.bytes);
            return Err(fail(source));
        }
        if self.entries.is_empty() {
            sync_parent(&self.path).map_err(fail)?;
        }
        self.bytes += entry.bytes;
        self.entries.push(entry);
        Ok(entry)
    }

    /// Whether something must go before more comes.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.entries.len() > MAX_LINES
            || self.bytes > MAX_BYTES
            || self.entries.first().is_some_and(|first| first.is_old(now))
    }

    /// Lets the oldest lines go, and writes `kept` after the others: what is still known of devices whose lines went.
    /// `kept` is told the number of the first line that stays.
    pub(super) fn compact(
        &mut self,
        now: Timestamp,
        kept: impl FnOnce(u64) -> Vec<Line>,
    ) -> Result<(), FileError> {
        let mut bytes: u64 = 0;
        let stay = self
            .entries
            .iter()
            .rev()
            .enumerate()
            .take_while(|(index, entry)| {
                bytes += entry.bytes;
                *index < KEPT_LINES && bytes <= KEPT_BYTES && !entry.is_old(now)
            })
            .count();
        let (gone, staying) = self.entries.split_at(self.entries.len() - stay);
        let gone_bytes: u64 = gone.iter().map(|entry| entry.bytes).sum();
        // Their bytes as they stand: another version of this program might write the same line otherwise.
        let whole = read_at_most(&self.path, MAX_FILE_BYTES)?.unwrap_or_default();
        let skip = usize::try_from(gone_bytes).unwrap_or(usize::MAX);
        let until = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let mut text = whole.get(skip..until).unwrap_or_default().to_vec();
        let mut entries = staying.to_vec();
        let next = self.entries.last().map_or(1, |last| last.number + 1);
        for line in kept(entries.first().map_or(next, |first| first.number)) {
            let (entry, bytes) = follow(entries.last().or(self.entries.last()), line);
            text.extend_from_slice(&bytes);
            text.push(b'\n');
            entries.push(entry);
        }
        write_atomically(&self.path, &text)?;
        self.bytes = entries.iter().map(|entry| entry.bytes).sum();
        self.entries = entries;
        Ok(())
    }
}

impl Entry {
    fn of(written: &Written) -> Self {
        let line = &written.line;
        Self { number: line.number, digest: written.digest, bytes: written.bytes, at: line.at }
    }

    fn is_old(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).as_hours() > MAX_DAYS * 24
    }
}

/// `line` in its place after `before`, and its bytes.
fn follow(before: Option<&Entry>, line: Line) -> (Entry, Vec<u8>) {
    let line = Line {
        number: before.map_or(1, |before| before.number + 1),
        previous: before.map(|before| before.digest),
        ..line
    };
    let bytes = line.to_bytes();
    let entry = Entry {
        number: line.number,
        digest: Digest::of(&bytes),
        bytes: u64::try_from(bytes.len() + 1).unwrap_or(u64::MAX),
        at: line.at,
    };
    (entry, bytes)
}

fn private() -> OpenOptions {
    let options = OpenOptions::new();
    #[cfg(unix)]
    let options = {
        let mut options = options;
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
    };
    options
}

fn sync_parent(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        std::fs::File::open(directory)?.sync_all()?;
    }
    let _ = path;
    Ok(())
}

/// Most lines.
pub(super) const MAX_LINES: usize = 4096;
/// Most bytes.
pub(super) const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Longest that a line stays.
pub(super) const MAX_DAYS: i64 = 30;
/// What is left when old lines go.
const KEPT_LINES: usize = MAX_LINES / 4 * 3;
const KEPT_BYTES: u64 = MAX_BYTES / 4 * 3;
/// Largest file that is read back: over the limit by what may be kept of present devices.
const MAX_FILE_BYTES: u64 = 4 * MAX_BYTES;
