use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that keeps the machine awake or unlocked, as the session manager records it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inhibitor {
    /// What is held off (`sleep`, `idle`, `handle-lid-switch`).
    pub what: Vec<String>,
    /// Who says so: free text of the program.
    pub who: String,
    /// `block` or `delay`.
    pub mode: String,
    /// User id of the holder.
    pub uid: Option<u32>,
    /// Process of the holder.
    pub pid: Option<u32>,
    /// Since when.
    pub since: Option<Timestamp>,
}
