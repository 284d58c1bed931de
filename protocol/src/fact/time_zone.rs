use serde::{Deserialize, Serialize};

/// The system's time zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimeZone {
    /// IANA name (`Europe/Berlin`).
    pub name: Option<String>,
    /// Where that was read (`/etc/localtime`).
    pub location: Option<String>,
    /// Whether the OS sets it from where it is; `None` where files do not tell.
    pub automatic: Option<bool>,
    /// Whether the clock is synchronised over the network, where files tell.
    pub time_synchronised: Option<bool>,
}
