//! Encryption under the file systems that hold people's data: the root, `/home` and each home directory.
//!
//! Always: a volume counts as encrypted where a dm-crypt device lies under *every* path down to a disk
//! that we could follow, as plain where a disk was reached without one; everything else is `None`, with
//! the reason. Encryption inside a file system (fscrypt, ZFS) is not visible in mounts and never guessed.

pub mod mounts;
mod stack;

use bearing_protocol::fact::{DiskEncryption, VolumeEncryption};

use crate::{
    gaps::Gaps,
    reading::{Context, Read, Reading, Unread},
    root::Root,
    users::homes,
};
use mounts::{Mount, mount_of, parse_crypttab, parse_mount_table, parse_mountinfo};
use stack::follow;

const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_MOUNTS: usize = 20_000;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<DiskEncryption> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let (mounts, origin) = mounts(root)?;
    let mut volumes: Vec<VolumeEncryption> = Vec::new();
    let places =
        ["/".to_owned(), "/home".to_owned()].into_iter().chain(homes(context).into_iter().map(|h| h.path));
    for place in places {
        let Some(mount) = mount_of(&mounts, &place) else { continue };
        if volumes.iter().any(|volume| volume.mount_point == mount.mount_point) {
            continue;
        }
        let (encrypted, layer) = judge(root, mount, &mut gaps);
        volumes.push(VolumeEncryption {
            mount_point: mount.mount_point.clone(),
            file_system: mount.file_system.clone(),
            device: mount.device.clone(),
            encrypted,
            layer,
        });
    }
    if volumes.is_empty() {
        return Err(Unread::unsupported("no mounted file system shows in files"));
    }
    let encrypted = volumes.iter().filter(|volume| volume.encrypted == Some(true)).count();
    let summary = format!("{} file systems, {encrypted} encrypted, by {origin}", volumes.len());
    Ok(Reading::with_gaps(DiskEncryption { volumes }, summary, gaps))
}

/// What is mounted, and by which file.
fn mounts(root: &Root) -> Result<(Vec<Mount>, &'static str), Unread> {
    for (path, name) in [("/proc/self/mountinfo", "mountinfo"), ("/proc/1/mountinfo", "mountinfo")] {
        if let Ok(text) = root.read_text(path, MAX_BYTES) {
            return Ok((parse_mountinfo(&text, MAX_MOUNTS), name));
        }
    }
    // fstab is what should be mounted, not what is; better than nothing, and said.
    for (path, name) in [
        ("/proc/mounts", "mounts"),
        ("/proc/1/mounts", "mounts"),
        ("/etc/mtab", "mtab"),
        ("/etc/fstab", "fstab"),
    ] {
        if let Ok(text) = root.read_text(path, MAX_BYTES) {
            return Ok((parse_mount_table(&text, MAX_MOUNTS), name));
        }
    }
    Err(Unread::unsupported("neither mounts nor fstab"))
}

/// Whether an encryption layer lies under a mount, and which.
fn judge(root: &Root, mount: &Mount, gaps: &mut Gaps) -> (Option<bool>, Option<String>) {
    match mount.file_system.as_str() {
        "ecryptfs" => return (Some(true), Some("eCryptfs".to_owned())),
        "fuse.gocryptfs" | "fuse.encfs" | "fuse.cryfs" => {
            return (Some(true), mount.file_system.strip_prefix("fuse.").map(str::to_owned));
        }
        "zfs" => {
            gaps.note(format!("`{}` is ZFS: its encryption is not in files", mount.mount_point));
            return (None, None);
        }
        "tmpfs" | "ramfs" => return (None, None),
        _ => {}
    }
    if let Some(stack) = follow(root, mount) {
        if stack.encrypted.is_none() {
            gaps.note(format!(
                "`{}` lies on `{}`, under which no disk shows",
                mount.mount_point, stack.device
            ));
        }
        let settings = format!("{}/.fscrypt", mount.mount_point.trim_end_matches('/'));
        if stack.encrypted != Some(true) && root.exists(&settings) {
            gaps.note(format!(
                "fscrypt is set up on `{}`; which directories it covers is not in files",
                mount.mount_point
            ));
            return (None, Some("fscrypt".to_owned()));
        }
        return (stack.encrypted, stack.layer);
    }
    // Without the kernel's device tree, configuration is the weaker witness.
    if let Some(name) = mount.device.strip_prefix("/dev/mapper/") {
        let table = root.read_text("/etc/crypttab", MAX_BYTES).unwrap_or_default();
        if parse_crypttab(&table, MAX_MOUNTS).iter().any(|entry| entry == name) {
            return (Some(true), Some("dm-crypt (by crypttab)".to_owned()));
        }
    }
    gaps.note(format!("what lies under `{}` could not be followed", mount.mount_point));
    (None, None)
}

#[cfg(test)]
mod tests;
