//! Messages waiting to be sent: on disk, oldest first, one file each.
//!
//! Always: a message is whole on the disk before its number counts as given; it leaves when the server acknowledged
//! its number, or when a limit pushes it out, and that loss is counted before the file goes; the newest message
//! stays after its acknowledgement until the next one is there, so that the chain can be found again from here; a
//! cut at any byte loses at most the message being written.
//! Never here: signing, the network, the clock.

mod message;
mod outbox;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

pub use message::{Message, MessageError, MessageKind};
pub use outbox::{Outbox, OutboxError};

use crate::state::{FileError, read_at_most, remove, write_atomically};
use message::MAX_FILE_BYTES;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct SpoolLimits {
    /// Bytes on disk.
    pub bytes: u64,
    /// Messages.
    pub messages: usize,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self { bytes: 32 * 1024 * 1024, messages: 10_000 }
    }
}

/// The spool.
#[derive(Debug)]
pub struct Spool {
    directory: PathBuf,
    limits: SpoolLimits,
    entries: BTreeMap<u64, Entry>,
}

/// What is known of a message without reading it again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) bytes: u64,
    pub(crate) placed: crate::chain::Placed,
    pub(crate) previous: Option<bearing_protocol::digest::Digest>,
}

/// Why the spool does not work.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum SpoolError {
    #[error("cannot open spool directory `{}`", .path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("spool")]
    File(#[from] FileError),
    #[error("spooled message {sequence} is damaged")]
    Damaged { sequence: u64, source: MessageError },
    #[error("message of {bytes} bytes is larger than the spool's limit of {limit}")]
    TooLarge { bytes: u64, limit: u64 },
}

impl Spool {
    /// Opens the spool in `directory`. Files that a cut left behind and damaged ones are removed: their numbers
    /// show as holes in the chain, if they were ever given.
    ///
    /// # Errors
    /// Where the directory cannot be made or read.
    pub fn open(directory: &Path, limits: SpoolLimits) -> Result<Self, SpoolError> {
        let fail = |source| SpoolError::Open { path: directory.to_path_buf(), source };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(fail)?;
        let mut spool = Self { directory: directory.to_path_buf(), limits, entries: BTreeMap::new() };
        for entry in fs::read_dir(directory).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            match read_message(&path) {
                Some(message) => {
                    let entry = Entry::of(&message, fs::metadata(&path).map_err(fail)?.len());
                    spool.entries.insert(message.sequence, entry);
                }
                None => remove(&path)?,
            }
        }
        Ok(spool)
    }

    /// Takes `message`; it is on the disk when this returns. Make room before with [`Spool::surplus`].
    ///
    /// # Errors
    /// Where it cannot be written: the spool stays as it was.
    pub fn push(&mut self, message: &Message) -> Result<(), SpoolError> {
        let bytes = message.to_bytes();
        let size = size_of(&bytes);
        if size > self.limits.bytes.min(MAX_FILE_BYTES) {
            return Err(SpoolError::TooLarge { bytes: size, limit: self.limits.bytes.min(MAX_FILE_BYTES) });
        }
        write_atomically(&self.path_of(message.sequence), &bytes)?;
        self.entries.insert(message.sequence, Entry::of(message, size));
        Ok(())
    }

    /// The oldest messages that must go so that one more of `size` bytes has room.
    pub(crate) fn surplus(&self, size: u64) -> Vec<Entry> {
        let mut bytes = self.bytes() + size;
        let mut messages = self.entries.len() + 1;
        let mut surplus = Vec::new();
        for entry in self.entries.values() {
            if bytes <= self.limits.bytes && messages <= self.limits.messages.max(1) {
                break;
            }
            bytes -= entry.bytes;
            messages -= 1;
            surplus.push(*entry);
        }
        surplus
    }

    /// The oldest message after `acknowledged`, whole.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`] where the disk no longer holds what was written.
    pub fn front(&self, acknowledged: u64) -> Result<Option<Message>, SpoolError> {
        let Some((sequence, _)) = self.entries.range(acknowledged + 1..).next() else { return Ok(None) };
        let bytes = read_at_most(&self.path_of(*sequence), MAX_FILE_BYTES)?.unwrap_or_default();
        let message = Message::from_bytes(&bytes)
            .map_err(|source| SpoolError::Damaged { sequence: *sequence, source })?;
        Ok(Some(message))
    }

    /// Removes one message.
    ///
    /// # Errors
    /// [`FileError::Remove`].
    pub fn remove(&mut self, sequence: u64) -> Result<(), SpoolError> {
        remove(&self.path_of(sequence))?;
        self.entries.remove(&sequence);
        Ok(())
    }

    /// Whether this process may look into the spool in `directory`; one that does not exist yet is no obstacle.
    pub fn is_readable(directory: &Path) -> bool {
        match fs::read_dir(directory) {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Messages after `acknowledged`.
    pub fn waiting(&self, acknowledged: u64) -> usize {
        self.entries.range(acknowledged + 1..).count()
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.entries.values().map(|entry| entry.bytes).sum()
    }

    pub(crate) const fn entries(&self) -> &BTreeMap<u64, Entry> {
        &self.entries
    }

    fn path_of(&self, sequence: u64) -> PathBuf {
        // As many digits as a 64-bit number has, so that names sort as numbers do.
        self.directory.join(format!("{sequence:020}{SUFFIX}"))
    }
}

impl Entry {
    fn of(message: &Message, bytes: u64) -> Self {
        Self { bytes, placed: message.placed(), previous: message.previous }
    }
}

/// The message in `path`; `None` where it is none, is not whole, or lies under another number's name.
fn read_message(path: &Path) -> Option<Message> {
    let name = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    let bytes = read_at_most(path, MAX_FILE_BYTES).ok()??;
    let message = Message::from_bytes(&bytes).ok()?;
    (name == format!("{:020}", message.sequence)).then_some(message)
}

fn size_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

const SUFFIX: &str = ".message";

#[cfg(test)]
mod tests;
