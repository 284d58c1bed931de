use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A path of the plan that exists. Presence, owner and time; never contents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Artefact {
    /// The catalogue product it belongs to.
    pub product: String,
    /// The pattern that found it.
    pub pattern: String,
    /// The path that exists.
    pub path: String,
    /// Owner's user id.
    pub uid: Option<u32>,
    /// When it was last modified.
    pub modified_at: Option<Timestamp>,
    /// When it came to be, where the file system tells (birth time).
    pub created_at: Option<Timestamp>,
    /// Whether it is a directory.
    pub directory: bool,
}
