use bearing_protocol::{
    commitment::Disclosure, digest::Digest, envelope::Envelope, limits::MAX_INFLATED_BYTES,
    payload::SpoolLoss,
};
use serde::{Deserialize, Serialize};

use crate::chain::Placed;

/// A message as it waits: sealed, with the values behind its commitments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Its number in the chain.
    pub sequence: u64,
    /// Its chain digest.
    pub digest: Digest,
    /// The chain digest of the message before.
    pub previous: Option<Digest>,
    /// What it is.
    pub kind: MessageKind,
    /// The loss that it declares.
    pub declares: Option<SpoolLoss>,
    /// The signed bytes.
    pub envelope: Envelope,
    /// The values behind its commitments.
    pub disclosures: Vec<Disclosure>,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A report.
    Report,
    /// A heartbeat.
    Checkin,
}

/// Bytes that are no whole message.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum MessageError {
    #[error("it does not start as a spooled message does")]
    Header,
    #[error("its digest is not the one it was written with")]
    Checksum,
    #[error("it holds no message")]
    Content(#[source] serde_json::Error),
}

impl Message {
    /// Its place in the chain.
    pub const fn placed(&self) -> Placed {
        Placed {
            sequence: self.sequence,
            digest: self.digest,
            report: matches!(self.kind, MessageKind::Report),
            declares: self.declares,
        }
    }

    /// As it is written: one line with the digest of what follows, then JSON.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Plain types with string keys: serialising them to memory cannot fail.
        let body = serde_json::to_vec(self).unwrap_or_default();
        let mut bytes = format!("{MAGIC}{}\n", Digest::of(&body)).into_bytes();
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads what [`Message::to_bytes`] wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or(MessageError::Header)?;
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or(MessageError::Header)?;
        let (line, body) = rest.split_at(end);
        let body = body.get(1..).unwrap_or_default();
        let digest: Digest =
            std::str::from_utf8(line).ok().and_then(|line| line.parse().ok()).ok_or(MessageError::Header)?;
        if Digest::of(body) != digest {
            return Err(MessageError::Checksum);
        }
        serde_json::from_slice(body).map_err(MessageError::Content)
    }
}

const MAGIC: &str = "bearing-message-1 ";
/// Largest file that is read back.
pub(super) const MAX_FILE_BYTES: u64 = MAX_INFLATED_BYTES as u64;
