use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A display connector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Display {
    /// The connector (`card0-HDMI-A-1`).
    pub connector: String,
    /// Whether something is connected.
    pub connected: Option<bool>,
    /// Whether it is enabled (in use).
    pub enabled: Option<bool>,
    /// Raw EDID, empty where there is none.
    #[serde(with = "super::hex_bytes", skip_serializing_if = "Vec::is_empty")]
    pub edid: Vec<u8>,
    /// `present` or absent for a display that is there, or how else we know (`journal`, `registry`).
    pub provenance: Option<String>,
    /// When it was last seen, for past displays.
    pub last_seen: Option<Timestamp>,
}

impl Display {
    /// The connector's type (`HDMI-A`, `DP`, `eDP`, `Virtual`), from the connector's name.
    pub fn connector_type(&self) -> &str {
        // A past display's name ends in `@` and when it was last seen.
        let place = self.connector.split('@').next().unwrap_or_default();
        let name = place.split_once('-').map_or(place, |(_, rest)| rest);
        name.rsplit_once('-').map_or(name, |(kind, _)| kind)
    }
}
