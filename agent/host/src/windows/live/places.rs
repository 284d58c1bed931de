//! Directories of this Windows, by its registry: the environment is whoever started us.

use std::path::PathBuf;

use super::registry::LiveRegistry;
use crate::windows::{command::Variables, registry::Registry as _};

/// Where programs keep what all accounts share.
pub fn program_data() -> PathBuf {
    let key = LiveRegistry.key(r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList");
    let text = key.ok().and_then(|key| key.text("ProgramData"));
    let path = text.map(|text| Variables::new(std::env::vars()).expand(&text));
    path.filter(|path| path.get(1..3) == Some(":\\")).unwrap_or_else(|| "C:\\ProgramData".to_owned()).into()
}
