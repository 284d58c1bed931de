//! Installed packages, and who owns which file.
//!
//! Always: a database that is there and not read is said aloud; an empty one answers nothing.

pub mod apk;
pub mod app_image;
pub mod dpkg;
mod dpkg_lists;
pub mod dpkg_log;
pub mod flatpak;
pub mod nix;
pub mod ownership;
pub mod pacman;
pub mod rpm;
mod snap;
pub mod spelling;

use bearing_protocol::{
    Timestamp,
    fact::{Package, PackageManager},
};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::Root,
};
use dpkg::parse_status;

/// Most bytes of dpkg's status; a full desktop has about five million.
const MAX_STATUS_BYTES: usize = 64 * 1024 * 1024;
const MAX_PACKAGES: usize = 50_000;
const MAX_ENTRIES: usize = 10_000;
const MAX_SMALL_BYTES: usize = 256 * 1024;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Package>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let mut packages = Vec::new();
    let mut parts = Vec::new();
    for (what, found) in [
        ("dpkg packages", read_dpkg(root, &mut gaps)),
        ("rpm packages", rpm::read(root, &mut gaps)),
        ("pacman packages", pacman::read(root, &mut gaps)),
        ("apk packages", apk::read(root, &mut gaps)),
        ("Nix packages in use", nix::read(context, &mut gaps)),
        ("snaps", snap::read(root, &mut gaps)),
        ("flatpaks", flatpak::read(context, &mut gaps)),
        ("AppImages", app_image::read(context, &mut gaps)),
    ] {
        if let Some(found) = found {
            parts.push(format!("{} {what}", found.len()));
            packages.extend(found);
        }
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
    let log = dpkg_log::read(root, gaps);
    let installed_at = |package: &dpkg::DpkgPackage| {
        // The log tells when it came; its list when it was last upgraded, where logs were rotated away.
        let logged = log.installed_at(&package.name, &package.architecture);
        let list = |stem: &String| file_time(root, &format!("/var/lib/dpkg/info/{stem}.list"));
        logged.or_else(|| package.list_stems().iter().find_map(list))
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

/// When a file was last changed. A copy's times are those of the copying.
fn file_time(root: &Root, path: &str) -> Option<Timestamp> {
    if root.is_live() { root.metadata(path).ok()?.modified_at } else { None }
}

#[cfg(test)]
mod tests;
