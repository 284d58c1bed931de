use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Identity;

/// What an executable is, read from the file itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Executable {
    /// Its path.
    pub path: String,
    /// Processes that run it.
    pub pids: Vec<u32>,
    /// Who owns the file.
    pub owner: Owner,
    /// Whether the file is gone (read through `/proc/PID/exe`).
    pub deleted: bool,
    /// Size in bytes.
    pub size_bytes: u64,
    /// GNU build id, hex.
    pub build_id: Option<String>,
    /// Go main module path, from the build info.
    pub go_module: Option<String>,
    /// Go main module version.
    pub go_version: Option<String>,
    /// Catalogue products whose markers occur in the bytes that were read, with the marker found.
    pub markers: Vec<(String, String)>,
    /// Marks that the program carries in itself: version resource, signer, main class, crate.
    pub identities: Vec<Identity>,
    /// When the file came to be, where the file system tells (birth time).
    pub created_at: Option<Timestamp>,
    /// Whether only a part of the file was read.
    pub partial: bool,
}

/// Who owns a file, as far as package databases tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A package, by name.
    Package(String),
    /// There is a package database, and no package owns it.
    Nobody,
    /// No package database could be read: unknown, not unpackaged.
    #[default]
    Unknown,
}
