use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// What happened to a device between two evaluations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceAction {
    /// It appeared.
    Attached,
    /// It went away.
    Detached,
    /// It is at the same place and is not the same any more (re-enumeration, another display).
    Changed,
}

/// One line of the local journal of devices: bounded, and each line holds the digest of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceEvent {
    /// When it was noticed, UTC.
    pub at: Timestamp,
    /// What happened.
    pub action: DeviceAction,
    /// The device, as findings name it (`usb:1-1`, `display:card0-HDMI-A-1`).
    pub subject: String,
    /// What it called itself (`413c:2011 "Dell Keyboard"`).
    pub what: String,
    /// SHA-256 of its raw descriptors or EDID, where they were read.
    pub shape: Option<Digest>,
}
