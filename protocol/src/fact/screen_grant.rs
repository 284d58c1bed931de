use serde::{Deserialize, Serialize};

/// A standing permission, or a live use, of somebody else's view of the screen or hold of the pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreenGrant {
    /// `portal`, `pipewire`, `uinput`, `x11`.
    pub mechanism: String,
    /// `screencast` or `remote-desktop`.
    pub kind: String,
    /// The application, as the mechanism names it.
    pub application: String,
    /// Whose session.
    pub user: Option<String>,
    /// Whether it is in use now, where that shows.
    pub live: Option<bool>,
    /// Where it was read.
    pub location: String,
}
