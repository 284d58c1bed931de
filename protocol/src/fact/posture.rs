use serde::{Deserialize, Serialize};

/// Posture sources. Each is `None` where it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Posture {
    /// Secure Boot.
    pub secure_boot: Option<SecureBoot>,
    /// Disk encryption.
    pub disk_encryption: Option<DiskEncryption>,
    /// Host firewall.
    pub firewall: Option<Firewall>,
    /// Automatic updates.
    pub updates: Option<Updates>,
}

/// Secure Boot (UEFI specification, section 3.3, variables `SecureBoot` and `SetupMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecureBoot {
    /// Whether the machine was started by UEFI.
    pub uefi: bool,
    /// Whether Secure Boot is enforced.
    pub enabled: Option<bool>,
    /// Whether the firmware is in set-up mode.
    pub setup_mode: Option<bool>,
}

/// Encryption under the file systems that hold people's data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskEncryption {
    /// One line per file system looked at: the root, `/home` and what holds each home directory.
    pub volumes: Vec<VolumeEncryption>,
}

/// One file system's encryption.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeEncryption {
    /// Mount point.
    pub mount_point: String,
    /// File system type.
    pub file_system: String,
    /// Block device, as mounted.
    pub device: String,
    /// Whether an encryption layer lies under it; `None` where the stack could not be followed.
    pub encrypted: Option<bool>,
    /// The layer (`LUKS2`, `dm-crypt`, `fscrypt`, `ZFS`).
    pub layer: Option<String>,
}

/// The host firewall, as its configuration files say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Firewall {
    /// Which product's configuration was found (`ufw`, `firewalld`, `nftables`, `iptables`).
    pub product: Option<String>,
    /// Whether it is set to start and restricts inbound traffic; `None` where files do not tell.
    pub enabled: Option<bool>,
    /// The inbound default (`drop`, `reject`, `accept`).
    pub inbound_default: Option<String>,
    /// What was read.
    pub detail: String,
}

/// Automatic updates, as configuration files say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Updates {
    /// The mechanism (`unattended-upgrades`, `dnf-automatic`, …).
    pub mechanism: Option<String>,
    /// Whether it is on; `None` where files do not tell.
    pub enabled: Option<bool>,
    /// What was read.
    pub detail: String,
}
