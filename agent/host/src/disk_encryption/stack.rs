//! From a mounted block device down to the disks: `/sys/class/block/NAME/{slaves,dm/uuid}`.
//!
//! Source of the names: device-mapper's UUID prefixes as libdevmapper's users set them (`CRYPT-LUKS2-…`
//! by cryptsetup, `LVM-…` by LVM).

use crate::{disk_encryption::mounts::Mount, root::Root};

const MAX_DEPTH: u8 = 16;
const MAX_SLAVES: usize = 256;
const MAX_BYTES: usize = 4 * 1024;
const MAX_DEVICES: usize = 10_000;

/// What lies under a mount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stack {
    /// The kernel's name of the mounted device.
    pub(super) device: String,
    /// Whether every way down has an encryption layer; `None` where a way could not be followed.
    pub(super) encrypted: Option<bool>,
    /// The first layer met.
    pub(super) layer: Option<String>,
}

/// Follows a mount's device down. `None` where the device itself is not in the tree.
pub(super) fn follow(root: &Root, mount: &Mount) -> Option<Stack> {
    let name = kernel_name(root, mount)?;
    let mut layer = None;
    let encrypted = is_encrypted(root, &name, MAX_DEPTH, &mut layer);
    Some(Stack { device: name, encrypted, layer: layer.filter(|_| encrypted == Some(true)) })
}

/// The kernel's name of the mounted device (`dm-1`, `sda2`).
fn kernel_name(root: &Root, mount: &Mount) -> Option<String> {
    let file_name =
        |path: std::path::PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    if let Some((major, minor)) = mount.major_minor {
        let by_number = root.read_link(format!("/sys/dev/block/{major}:{minor}")).ok().and_then(file_name);
        if by_number.is_some() {
            return by_number;
        }
    }
    let device = mount.device.strip_prefix("/dev/")?;
    let known = |name: &String| root.exists(format!("/sys/class/block/{name}"));
    if let Some(name) = Some(device.to_owned()).filter(|name| !name.contains('/')).filter(known) {
        return Some(name);
    }
    // `/dev/mapper/NAME` and `/dev/disk/by-uuid/…` are links where /dev is there.
    if let Some(name) = root.canonical(&mount.device).ok().and_then(file_name).filter(known) {
        return Some(name);
    }
    let mapped = device.strip_prefix("mapper/")?;
    let devices = root.list_dir("/sys/class/block", MAX_DEVICES).ok()?.names;
    let called = |name: &String| {
        root.read_trimmed(format!("/sys/class/block/{name}/dm/name"), MAX_BYTES)
            .is_ok_and(|found| found == mapped)
    };
    devices.into_iter().filter(|name| name.starts_with("dm-")).find(called)
}

fn is_encrypted(root: &Root, name: &str, depth: u8, layer: &mut Option<String>) -> Option<bool> {
    let directory = format!("/sys/class/block/{name}");
    if depth == 0 || name.contains('/') || name == ".." || !root.exists(&directory) {
        return None;
    }
    if let Ok(uuid) = root.read_trimmed(format!("{directory}/dm/uuid"), MAX_BYTES)
        && let Some(rest) = uuid.strip_prefix("CRYPT-")
    {
        let kind = rest.split('-').next().unwrap_or_default();
        let known = kind.starts_with("LUKS") || kind == "BITLK" || kind == "TCRYPT" || kind == "FVAULT2";
        layer.get_or_insert_with(|| if known { kind.to_owned() } else { "dm-crypt".to_owned() });
        return Some(true);
    }
    let slaves = match root.list_dir(format!("{directory}/slaves"), MAX_SLAVES) {
        Ok(listing) if listing.truncated => return None,
        Ok(listing) => listing.names,
        // Partitions have none of their own.
        Err(error) if error.is_missing() => Vec::new(),
        Err(_) => return None,
    };
    if !slaves.is_empty() {
        let below: Vec<Option<bool>> =
            slaves.iter().map(|slave| is_encrypted(root, slave, depth - 1, layer)).collect();
        // One plain disk under a volume holds plain data, whatever the others are.
        return if below.contains(&Some(false)) {
            Some(false)
        } else if below.contains(&None) {
            None
        } else {
            Some(true)
        };
    }
    // A disk or partition. Drives that encrypt themselves do not show here; a virtual machine's disk may
    // be encrypted by its host, which nobody inside can see.
    let physical = ["sd", "hd", "nvme", "mmcblk", "pmem"].iter().any(|prefix| name.starts_with(prefix));
    physical.then_some(false)
}
