use serde::{Deserialize, Serialize};

/// Switches of radios, and of the system's location service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Radios {
    /// Every switch the kernel has.
    pub switches: Vec<RadioSwitch>,
    /// The location service, where files tell whether it may run.
    pub location: Option<LocationSwitch>,
}

/// What a radio is for (`Documentation/ABI/stable/sysfs-class-rfkill`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "plain words")]
pub enum RadioKind {
    Wifi,
    Bluetooth,
    Cellular,
    Satellite,
    #[default]
    Other,
}

/// One switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RadioSwitch {
    /// What it switches.
    pub kind: RadioKind,
    /// Off by software: a setting, or airplane mode.
    pub off_by_setting: bool,
    /// Off by a key or the firmware.
    pub off_by_hardware: bool,
}

/// Whether the system's location service may tell where the machine is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LocationSwitch {
    /// Whether it may.
    pub on: bool,
    /// The file that says so.
    pub file: String,
}
