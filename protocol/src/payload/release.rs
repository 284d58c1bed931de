use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{digest::Digest, envelope::Payload};

/// The digests of every binary of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasePayload {
    /// Version.
    pub version: String,
    /// When it was made.
    pub released_at: Timestamp,
    /// Its binaries.
    pub binaries: Vec<ReleaseBinary>,
}

impl Payload for ReleasePayload {
    const TYPE: &'static str = "application/vnd.bearing.release.v1+json";
}

/// One binary of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBinary {
    /// `bearing-agent` or `bearing-server`.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// SHA-256 of the file.
    pub digest: Digest,
}
