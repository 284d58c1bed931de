//! What the installer was told: the server, and where the token lies. Never the token.

use std::path::PathBuf;

use super::registry::LiveRegistry;
use crate::windows::registry::Registry as _;

/// What was seeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The server's address.
    pub server: String,
    /// The file that holds the token.
    pub token_file: PathBuf,
}

/// Reads `HKLM\\SOFTWARE\\Bearing`; `None` where the installer was told nothing.
pub fn read() -> Option<Seed> {
    let key = LiveRegistry.key(r"HKLM\SOFTWARE\Bearing").ok()?;
    Some(Seed { server: key.text("Server")?, token_file: key.text("TokenFile")?.into() })
}
