//! Snaps: one squashed file for each installed revision, and a link to the one in use.

use bearing_protocol::fact::{Package, PackageManager};

use super::{MAX_ENTRIES, MAX_SMALL_BYTES, file_time};
use crate::{gaps::Gaps, root::Root};

/// Installed snaps; `None` where there is no snapd.
pub(super) fn read(root: &Root, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let mut found: Option<Vec<Package>> = None;
    // `NAME_REVISION.snap` for each installed revision; `/snap/NAME/current` leads to the one in use.
    match root.list_dir("/var/lib/snapd/snaps", MAX_ENTRIES) {
        Ok(listing) => {
            let packages = found.get_or_insert_default();
            for name in &listing.names {
                let Some((snap, revision)) =
                    name.strip_suffix(".snap").and_then(|stem| stem.rsplit_once('_'))
                else {
                    continue;
                };
                let current = ["/snap", "/var/lib/snapd/snap"]
                    .iter()
                    .find_map(|base| root.read_link(format!("{base}/{snap}/current")).ok());
                if current.is_none_or(|current| current.to_string_lossy() == *revision) {
                    packages.push(Package {
                        manager: PackageManager::Snap,
                        name: snap.to_owned(),
                        version: snap_version(root, snap).unwrap_or_else(|| revision.to_owned()),
                        installed_at: file_time(root, &format!("/var/lib/snapd/snaps/{name}")),
                        publisher: None,
                    });
                }
            }
        }
        Err(error) => gaps.add_error("snap directories", &error),
    }
    if found.is_none()
        && let Ok(listing) = root.list_dir("/snap", MAX_ENTRIES)
    {
        let packages = found.get_or_insert_default();
        for name in listing.names.into_iter().filter(|name| name != "bin" && name != "README") {
            let version = root.read_link(format!("/snap/{name}/current"));
            let version = version.map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
            packages.push(Package { manager: PackageManager::Snap, name, version, ..Package::default() });
        }
    }
    found
}

/// The version in a snap's own description; snaps without one are told apart by their revision.
fn snap_version(root: &Root, snap: &str) -> Option<String> {
    let text = ["/snap", "/var/lib/snapd/snap"].iter().find_map(|base| {
        root.read_text(format!("{base}/{snap}/current/meta/snap.yaml"), MAX_SMALL_BYTES).ok()
    })?;
    let version = text.lines().find_map(|line| line.strip_prefix("version:"))?;
    Some(version.trim().trim_matches(['"', '\'']).to_owned()).filter(|version| !version.is_empty())
}
