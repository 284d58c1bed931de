//! Places that another machine serves: reading there may take for ever.
//!
//! Always: which places these are is read from the kernel's own list, never by touching them.

use crate::{disk_encryption::mounts::parse_mountinfo, root::Root};

/// File systems behind a network (`fs/*/super.c` names; FUSE's by their subtype).
const NETWORK: [&str; 16] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "coda",
    "glusterfs",
    "lustre",
    "ncpfs",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.glusterfs",
];
/// Most mounts, and most bytes of the list.
const MAX_MOUNTS: usize = 4096;
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Where such file systems are mounted.
#[derive(Clone, Debug, Default)]
pub(super) struct NetworkPlaces {
    places: Vec<String>,
}

impl NetworkPlaces {
    /// Those of a live machine; a copy has none.
    pub(super) fn read(root: &Root) -> Self {
        if !root.is_live() {
            return Self::default();
        }
        let text = root.read_prefix("/proc/self/mountinfo", MAX_BYTES).map(|(bytes, _)| bytes);
        Self::parse(&String::from_utf8_lossy(&text.unwrap_or_default()))
    }

    fn parse(mountinfo: &str) -> Self {
        let mounts = parse_mountinfo(mountinfo, MAX_MOUNTS);
        let network = mounts.into_iter().filter(|mount| NETWORK.contains(&mount.file_system.as_str()));
        Self { places: network.map(|mount| mount.mount_point).collect() }
    }

    /// Whether a path lies in one of them.
    pub(super) fn hold(&self, path: &str) -> bool {
        self.places.iter().any(|place| {
            let place = place.trim_end_matches('/');
            path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_a_served_place_is_held() {
        let places = NetworkPlaces::parse(
            "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
             30 22 0:41 / /home/a\\040b rw shared:2 - nfs4 server:/home rw\n\
             31 22 0:42 / /home/c rw - fuse.sshfs host: rw\n",
        );
        assert!(places.hold("/home/a b/tool") && places.hold("/home/c"));
        assert!(!places.hold("/home/c2/tool") && !places.hold("/usr/bin/x"));
    }
}
