//! Installed packages, and who owns which file.
//!
//! Always: a database that is there and not read is said aloud; an empty one answers nothing.

pub mod dpkg;
pub mod ownership;

use bearing_protocol::fact::{Package, PackageManager};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::Root,
    users::homes,
};
use dpkg::parse_status;

/// Most bytes of dpkg's status; a full desktop has about five million.
const MAX_STATUS_BYTES: usize = 64 * 1024 * 1024;
const MAX_PACKAGES: usize = 50_000;
const MAX_ENTRIES: usize = 10_000;
const MAX_SMALL_BYTES: usize = 256 * 1024;

/// Databases that exist on other distributions and are not read yet.
const UNREAD: [(&str, &str); 6] = [
    ("/var/lib/rpm/rpmdb.sqlite", "rpm"),
    ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "rpm"),
    ("/var/lib/rpm/Packages", "rpm"),
    ("/var/lib/pacman/local", "pacman"),
    ("/lib/apk/db/installed", "apk"),
    ("/nix/var/nix/db/db.sqlite", "nix"),
];

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Package>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let mut packages = Vec::new();
    let mut parts = Vec::new();
    let mut count = |packages: &mut Vec<Package>, found: Option<Vec<Package>>, what: &str| {
        if let Some(found) = found {
            parts.push(format!("{} {what}", found.len()));
            packages.extend(found);
        }
    };
    let debs = read_dpkg(root, &mut gaps);
    count(&mut packages, debs, "dpkg packages");
    let snaps = read_snaps(root, &mut gaps);
    count(&mut packages, snaps, "snaps");
    let flatpaks = read_flatpaks(context, &mut gaps);
    count(&mut packages, flatpaks, "flatpaks");
    let mut unread: Vec<&str> =
        UNREAD.iter().filter(|(path, _)| root.exists(path)).map(|(_, name)| *name).collect();
    unread.dedup();
    for name in unread {
        gaps.note(format!("{name} database is there, not read yet"));
    }
    match (parts.is_empty(), gaps.is_empty()) {
        (true, true) => Err(Unread::unsupported("no package database")),
        (true, false) => Err(Unread::unsupported(gaps.describe())),
        _ => Ok(Reading::with_gaps(packages, parts.join(", "), gaps)),
    }
}

fn read_dpkg(root: &Root, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let mut found = Vec::new();
    let mut present = false;
    match root.read_prefix("/var/lib/dpkg/status", MAX_STATUS_BYTES) {
        Ok((bytes, more)) => {
            present = true;
            if more {
                gaps.add("package databases", Why::OverLimit);
            }
            found = parse_status(&String::from_utf8_lossy(&bytes), MAX_PACKAGES);
        }
        Err(error) => gaps.add_error("package databases", &error),
    }
    // Images without a package manager (distroless) keep one stanza a file.
    for name in root.list_dir("/var/lib/dpkg/status.d", MAX_ENTRIES).unwrap_or_default().names {
        if let Ok(text) = root.read_text(format!("/var/lib/dpkg/status.d/{name}"), MAX_SMALL_BYTES) {
            present = true;
            found.extend(parse_status(&text, MAX_PACKAGES));
        }
    }
    let installed_at = |package: &dpkg::DpkgPackage| {
        // A copy's times are those of the copying.
        if !root.is_live() {
            return None;
        }
        let list = |stem: &String| root.metadata(format!("/var/lib/dpkg/info/{stem}.list")).ok();
        package.list_stems().iter().find_map(list)?.modified_at
    };
    let package = |package: dpkg::DpkgPackage| Package {
        manager: PackageManager::Dpkg,
        installed_at: installed_at(&package),
        name: package.name,
        version: package.version,
        publisher: package.maintainer,
    };
    // An empty status file is what a broken or foreign system has; it is no list of nothing.
    (present && !found.is_empty()).then(|| found.into_iter().map(package).collect())
}

fn read_snaps(root: &Root, gaps: &mut Gaps) -> Option<Vec<Package>> {
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

fn read_flatpaks(context: &Context, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let root = &context.root;
    let own = homes(context).into_iter().map(|home| format!("{}/.local/share/flatpak/app", home.path));
    let mut found: Option<Vec<Package>> = None;
    for directory in std::iter::once("/var/lib/flatpak/app".to_owned()).chain(own) {
        match root.list_dir(&directory, MAX_ENTRIES) {
            Ok(listing) => {
                let packages = found.get_or_insert_default();
                for name in listing.names {
                    // `current` leads to `ARCHITECTURE/BRANCH`; the version proper is in the metainfo.
                    let current = root.read_link(format!("{directory}/{name}/current"));
                    let branch =
                        current.ok().and_then(|c| c.file_name().map(|b| b.to_string_lossy().into_owned()));
                    packages.push(Package {
                        manager: PackageManager::Flatpak,
                        installed_at: file_time(root, &format!("{directory}/{name}")),
                        name,
                        version: branch.unwrap_or_default(),
                        publisher: None,
                    });
                }
            }
            Err(error) => gaps.add_error("flatpak directories", &error),
        }
    }
    found
}

fn file_time(root: &Root, path: &str) -> Option<bearing_protocol::Timestamp> {
    if root.is_live() { root.metadata(path).ok()?.modified_at } else { None }
}

#[cfg(test)]
mod tests;
