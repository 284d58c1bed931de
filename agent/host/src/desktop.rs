//! People's desktop settings, where reading them cannot hang.
//!
//! Always: a home on a network file system is left out and told, for a server that does not answer would
//! take the whole source with it.

use crate::{
    disk_encryption::mounts::{Mount, mount_of, parse_mountinfo},
    gaps::{Gaps, Why},
    gvdb::{self, Malformed, Value},
    reading::Context,
};

/// The values of some settings, for each person who has a database of them, with where it lies.
pub(crate) fn settings<const N: usize>(
    context: &Context,
    keys: [&str; N],
    gaps: &mut Gaps,
) -> Vec<(String, [Option<Value>; N])> {
    let root = &context.root;
    let mounts = if root.is_live() {
        let text = root.read_text(MOUNTS, MAX_MOUNT_BYTES).unwrap_or_default();
        parse_mountinfo(&text, MAX_MOUNTS)
    } else {
        Vec::new()
    };
    let mut found = Vec::new();
    for home in homes(context) {
        if is_remote(&mounts, &home) {
            gaps.add("homes on network file systems", Why::Skipped);
            continue;
        }
        let path = format!("{home}/{}", gvdb::USER_DATABASE);
        match root.read(&path, gvdb::MAX_DATABASE_BYTES).map(|bytes| gvdb::look_up(&bytes, keys)) {
            Ok(Ok(values)) => found.push((path, values)),
            Ok(Err(Malformed)) => gaps.add("desktop settings", Why::Malformed),
            Err(error) => gaps.add_error("desktop settings", &error),
        }
    }
    found
}

/// Homes of people and of root, none of them touched: those of accounts, and names below `/home`.
fn homes(context: &Context) -> Vec<String> {
    let people = context.earlier.users.iter().filter(|user| user.interactive || user.uid == "0");
    let named = people.filter_map(|user| user.home.clone()).filter(|home| home.starts_with('/'));
    let listed = context.root.list_dir("/home", MAX_HOMES).unwrap_or_default().names;
    let mut homes: Vec<String> = named
        .chain(["/root".to_owned()])
        .chain(listed.into_iter().map(|name| format!("/home/{name}")))
        .map(|home| home.trim_end_matches('/').to_owned())
        .collect();
    homes.sort_unstable();
    homes.dedup();
    homes.truncate(MAX_HOMES);
    homes
}

/// Whether a path lies on a file system that another machine serves, or that is mounted when touched.
fn is_remote(mounts: &[Mount], path: &str) -> bool {
    mount_of(mounts, path).is_some_and(|mount| REMOTE.contains(&mount.file_system.as_str()))
}

const MOUNTS: &str = "/proc/self/mountinfo";
const MAX_MOUNT_BYTES: usize = 4 * 1024 * 1024;
const MAX_MOUNTS: usize = 8192;
const MAX_HOMES: usize = 512;
const REMOTE: [&str; 17] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ceph",
    "9p",
    "lustre",
    "glusterfs",
    "autofs",
    "davfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.davfs2",
    "fuse.rclone",
    "fuse.s3fs",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn homes_on_other_machines_are_told_by_their_mount() {
        let mounts = parse_mountinfo(
            "22 1 254:0 / / rw - ext4 /dev/vda rw\n30 22 0:40 / /home/kim rw - nfs4 files:/kim rw\n",
            8,
        );
        assert!(is_remote(&mounts, "/home/kim"));
        assert!(!is_remote(&mounts, "/home/kimberley"));
        assert!(!is_remote(&mounts, "/root"));
    }

    #[test]
    fn people_without_an_account_here_have_homes_too() {
        let machine = Machine::new();
        machine.directory("/home/ada").directory("/home/kim");
        assert_eq!(homes(&machine.context()), ["/home/ada", "/home/kim", "/root"]);
    }
}
