use serde::{Deserialize, Serialize};

/// A browser extension or a program that extensions may talk to, by id alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrowserExtension {
    /// The browser (`chrome`, `chromium`, `brave`, `edge`, `firefox`).
    pub browser: String,
    /// Its id, or the native messaging host's name.
    pub id: String,
    /// Whether it is a native messaging host and not an extension.
    pub native_host: bool,
    /// Whose, where it lies in a home directory.
    pub user: Option<String>,
    /// Where it was found.
    pub path: String,
}
