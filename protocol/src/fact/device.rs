use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What kind of machine, decided by facts (chassis, battery, lid, hypervisor), never by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "plain words")]
pub enum MachineKind {
    Laptop,
    Desktop,
    Server,
    Vm,
    #[default]
    Unknown,
}

impl MachineKind {
    /// The word, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Laptop => "laptop",
            Self::Desktop => "desktop",
            Self::Server => "server",
            Self::Vm => "vm",
            Self::Unknown => "unknown",
        }
    }
}

/// The machine and what was read to decide its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// The kind.
    pub kind: MachineKind,
    /// SMBIOS chassis type (DMTF DSP0134, table 17).
    pub chassis_type: Option<u8>,
    /// SMBIOS system vendor.
    pub vendor: Option<String>,
    /// SMBIOS product name.
    pub product: Option<String>,
    /// Whether there is a system battery (not a peripheral's).
    pub battery: Option<bool>,
    /// Whether there is a lid switch, and whether it is open.
    pub lid_open: Option<bool>,
    /// Whether a lid switch exists.
    pub has_lid: Option<bool>,
    /// The hypervisor or container runtime, where one shows.
    pub hypervisor: Option<String>,
    /// Whether a baseboard management controller shows (`/dev/ipmi*`, `/sys/class/ipmi`).
    pub bmc: Option<bool>,
    /// Whether Intel's management engine interface shows (`/sys/class/mei`), and its firmware version.
    pub management_engine: Option<String>,
    /// HMACs (tenant key) of board, chassis and disk serials: the hardware set of OT-02. Filled by the agent.
    pub hardware_set: Vec<String>,
}

/// This boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Boot {
    /// The kernel's boot id.
    pub id: Option<String>,
    /// When the machine booted, UTC.
    pub at: Option<Timestamp>,
    /// When the system was installed or first started, by the oldest sign of it, UTC.
    pub installed_at: Option<Timestamp>,
}
