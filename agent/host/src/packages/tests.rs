#![cfg(unix)]

use bearing_protocol::fact::PackageManager;

use super::read;
use crate::{reading::Unread, testing::Machine};

#[test]
fn packages_snaps_and_flatpaks_are_listed() {
    let machine = Machine::new();
    machine
        .file("/var/lib/dpkg/status", include_str!("../../captures/linux-6.18/dpkg_status"))
        .file("/var/lib/snapd/snaps/anydesk_12.snap", "")
        .file("/var/lib/snapd/snaps/anydesk_11.snap", "")
        .link("/snap/anydesk/current", "12")
        .file("/snap/anydesk/12/meta/snap.yaml", "name: anydesk\nversion: '6.4'\n")
        .link("/home/anna/.local/share/flatpak/app/com.rustdesk.RustDesk/current", "x86_64/stable");
    let reading = read(&machine.context()).unwrap();
    let found: Vec<_> =
        reading.value.iter().map(|p| (p.manager, p.name.as_str(), p.version.as_str())).collect();
    assert!(found.contains(&(PackageManager::Snap, "anydesk", "6.4")));
    assert!(found.contains(&(PackageManager::Flatpak, "com.rustdesk.RustDesk", "stable")));
    assert_eq!(found.iter().filter(|(manager, ..)| *manager == PackageManager::Snap).count(), 1);
    assert!(found.iter().any(|(manager, name, _)| *manager == PackageManager::Dpkg && *name == "adduser"));
    assert!(reading.value.iter().all(|p| p.installed_at.is_none()), "a copy's times tell nothing");
    assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
}

#[test]
fn a_database_that_is_not_read_is_said() {
    let machine = Machine::new();
    machine.file("/usr/lib/sysimage/rpm/Packages", "Berkeley");
    let Err(Unread::Unsupported(reason)) = read(&machine.context()) else { panic!("rpm is not read") };
    assert!(reason.contains("rpm"), "{reason}");
    machine.file("/var/lib/dpkg/status", "");
    assert!(read(&machine.context()).is_err(), "an empty status file is no list of nothing");
}
