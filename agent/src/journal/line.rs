//! Lines of the journal: JSON, one to a line, each with the digest of the one before.

use bearing_protocol::{Timestamp, digest::Digest, fact::DeviceEvent};
use serde::{Deserialize, Serialize};

use super::device::DeviceRecord;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// One more than the line before; the first of a journal is 1.
    pub number: u64,
    /// SHA-256 of the line before, without its end; absent in the first.
    pub previous: Option<Digest>,
    /// When it was written, by the agent's clock.
    pub at: Timestamp,
    /// What happened; absent where the line only keeps what is known of a device that is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<DeviceEvent>,
    /// The device as it showed itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Box<DeviceRecord>>,
    /// When the device was first seen, where that is earlier than this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// When the device was last seen, in the line that says it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// Why this journal was begun anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<String>,
}

/// A line with its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The line.
    pub line: Line,
    /// SHA-256 of its bytes, without its end.
    pub digest: Digest,
    /// Its length, with its end.
    pub bytes: u64,
}

/// Where a journal stops being one. Lines are counted from 1 as they stand in the file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Broken {
    #[error("line {0} of the file is no journal line")]
    Syntax(usize),
    #[error(
        "line {0} of the file does not follow from the line before: it was changed, or one was taken out"
    )]
    Chain(usize),
    #[error("line {0} of the file is longer than {MAX_LINE_BYTES} bytes")]
    Long(usize),
    #[error("lines that a report vouches for are missing at its end")]
    Short,
    #[error("it does not hold what a report vouches for")]
    Anchor,
}

/// What a journal's bytes hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Its lines, oldest first, each following from the one before.
    pub lines: Vec<Written>,
    /// Bytes of a line at the end that was not written to its end: a cut, not a change.
    pub torn_bytes: u64,
}

/// Reads and checks a whole journal.
///
/// # Errors
/// The first place where it is not what was written.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Broken> {
    let mut parsed = Parsed::default();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let place = parsed.lines.len() + 1;
        let (text, after) = rest.split_at(end);
        if text.len() > MAX_LINE_BYTES {
            return Err(Broken::Long(place));
        }
        let line: Line = serde_json::from_slice(text).map_err(|_| Broken::Syntax(place))?;
        let follows = match parsed.lines.last() {
            Some(before) => {
                line.previous == Some(before.digest) && before.line.number.checked_add(1) == Some(line.number)
            }
            // Older lines may have been let go; the first ever has none before it.
            None => line.previous.is_none() == (line.number == 1),
        };
        if !follows {
            return Err(Broken::Chain(place));
        }
        let length = u64::try_from(end + 1).unwrap_or(u64::MAX);
        parsed.lines.push(Written { line, digest: Digest::of(text), bytes: length });
        rest = after.get(1..).unwrap_or_default();
    }
    parsed.torn_bytes = u64::try_from(rest.len()).unwrap_or(u64::MAX);
    Ok(parsed)
}

impl Line {
    /// As it is written, without its end. A device that makes it too long is left out.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Plain types with string keys: serialising them to memory cannot fail.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        if bytes.len() <= MAX_LINE_BYTES {
            return bytes;
        }
        serde_json::to_vec(&Self { device: None, ..self.clone() }).unwrap_or_default()
    }
}

/// Longest line. A device is cut to what fits (`DeviceRecord::bounded`).
pub(super) const MAX_LINE_BYTES: usize = 128 * 1024;
