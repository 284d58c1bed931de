use serde::{Deserialize, Serialize};

/// A block device with its SCSI inquiry strings (SPC-4, section 6.4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StorageDevice {
    /// The kernel's name (`sda`, `sr0`).
    pub name: String,
    /// T10 vendor identification, as read, trailing blanks kept.
    pub vendor: Option<String>,
    /// Product identification.
    pub model: Option<String>,
    /// Product revision level.
    pub revision: Option<String>,
    /// Peripheral device type (0 disk, 5 CD/DVD).
    pub device_type: Option<u8>,
    /// Whether the medium is removable.
    pub removable: Option<bool>,
    /// The USB device it belongs to, where it does.
    pub usb_path: Option<String>,
}
