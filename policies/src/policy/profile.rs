//! The ready policies that are built in.

use crate::embedded;

/// Their names, the default first.
pub const PROFILES: [&str; 3] = ["default", "strict", "privacy-eu"];

pub(super) fn text_of(name: &str) -> Option<&'static str> {
    if !PROFILES.contains(&name) {
        return None;
    }
    let file = format!("profiles/{name}.toml");
    embedded::PROFILES.iter().find(|(path, _)| *path == file).map(|(_, text)| *text)
}
