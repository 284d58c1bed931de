//! What the place of a program tells: store, sandbox, mounted image, application beside it.
//!
//! Always: names come from paths, control groups and directory listings; nothing of a person's files is
//! opened but the application archive beside an Electron program.

use bearing_protocol::fact::{Identity, IdentityKind, Process};

use super::{asar, package_json::parse_package_name};
use crate::root::Root;

/// Most entries of an image's top directory.
const MAX_ENTRIES: usize = 64;
/// Most bytes of a `package.json`.
const MAX_PACKAGE_BYTES: usize = 256 * 1024;

/// Marks from a program's path and the unit of one of its processes.
pub(super) fn marks_of_place(path: &str, process: Option<&Process>) -> Vec<Identity> {
    let unit = process.and_then(|process| process.unit.as_deref()).unwrap_or_default();
    let store = |kind, name: Option<&str>| name.map(|name| Identity { kind, value: name.to_owned() });
    let flatpak = unit.strip_prefix("flatpak:").or_else(|| component_after(path, "/flatpak/app/"));
    let snap = unit.strip_prefix("snap:").or_else(|| {
        let below = ["/snap/", "/var/lib/snapd/snap/"].iter().find_map(|place| path.strip_prefix(place))?;
        below.split('/').next().filter(|name| !name.is_empty() && *name != "bin")
    });
    let marks = [
        store(IdentityKind::FlatpakId, flatpak),
        store(IdentityKind::SnapName, snap),
        store(IdentityKind::NixName, nix_name(path)),
        store(IdentityKind::Script, wrapped(path)),
    ];
    marks.into_iter().flatten().collect()
}

/// Marks from files beside a program.
pub(super) fn marks_beside(root: &Root, path: &str) -> Vec<Identity> {
    let mut marks = Vec::new();
    if let Some(image) = image_root(path) {
        let listing = root.list_dir(image, MAX_ENTRIES).unwrap_or_default();
        let entries = listing.names.iter().filter_map(|name| name.strip_suffix(".desktop"));
        let payload = |name: &str| Identity { kind: IdentityKind::AppImagePayload, value: name.to_owned() };
        marks.extend(entries.take(2).map(payload));
    }
    marks.extend(electron_app(root, path).map(|value| Identity { kind: IdentityKind::ElectronApp, value }));
    marks
}

/// The name of the Electron application beside a program.
fn electron_app(root: &Root, path: &str) -> Option<String> {
    let (directory, _) = path.rsplit_once('/')?;
    if !root.exists(format!("{directory}/resources")) {
        return None;
    }
    if let Ok(archive) = root.open(format!("{directory}/resources/app.asar")) {
        return asar::application_name(&archive);
    }
    let package = root.read(format!("{directory}/resources/app/package.json"), MAX_PACKAGE_BYTES).ok()?;
    parse_package_name(&package)
}

fn component_after<'a>(path: &'a str, place: &str) -> Option<&'a str> {
    path.split_once(place)?.1.split('/').next().filter(|name| !name.is_empty())
}

/// `/nix/store/HASH-NAME/bin/x`: the hash has 32 digits of Nix's own alphabet.
fn nix_name(path: &str) -> Option<&str> {
    let (hash, name) = component_after(path, "/nix/store/").and_then(|entry| entry.split_once('-'))?;
    let is_digit = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase();
    (path.starts_with("/nix/store/") && hash.len() == 32 && hash.bytes().all(is_digit) && !name.is_empty())
        .then_some(name)
}

/// The program behind a wrapper of Nix: `.NAME-wrapped`, wrapped again `.NAME-wrapped_`.
fn wrapped(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?.trim_end_matches('_');
    name.strip_prefix('.')?.strip_suffix("-wrapped").filter(|name| !name.is_empty())
}

/// Where the image of an AppImage is mounted, or was unpacked by itself.
fn image_root(path: &str) -> Option<&str> {
    let mounted = path.find("/.mount_").map(|at| at + "/.mount_".len());
    let unpacked = || path.find("/squashfs-root/").map(|at| at + 1);
    let inside = mounted.or_else(unpacked)?;
    let end = path.get(inside..)?.find('/')? + inside;
    path.get(..end)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    fn place(path: &str) -> Vec<(IdentityKind, String)> {
        marks_of_place(path, None).into_iter().map(|mark| (mark.kind, mark.value)).collect()
    }

    fn mark(kind: IdentityKind, value: &str) -> (IdentityKind, String) {
        (kind, value.to_owned())
    }

    #[test]
    fn stores_and_sandboxes_are_told_by_the_path() {
        let nix = "/nix/store/0c5b8vw40d1178xlpddw65q9gf1h2186-rustdesk-1.2.3/bin/.rustdesk-wrapped";
        assert_eq!(
            place(nix),
            [mark(IdentityKind::NixName, "rustdesk-1.2.3"), mark(IdentityKind::Script, "rustdesk")]
        );
        assert_eq!(place("/snap/anydesk/12/usr/bin/anydesk"), [mark(IdentityKind::SnapName, "anydesk")]);
        assert_eq!(
            place("/home/a/.local/share/flatpak/app/com.rustdesk.RustDesk/x/active/files/bin/rustdesk"),
            [mark(IdentityKind::FlatpakId, "com.rustdesk.RustDesk")]
        );
        assert_eq!(place("/snap/bin/x"), []);
        assert_eq!(place("/nix/store/short-x/bin/y"), []);
        assert_eq!(place("/usr/bin/x"), []);
    }

    #[test]
    fn the_unit_tells_more_than_the_path() {
        let process = Process { unit: Some("flatpak:com.anydesk.Anydesk".to_owned()), ..Process::default() };
        let marks = marks_of_place("/app/extra/anydesk", Some(&process));
        assert_eq!(
            (marks[0].kind, marks[0].value.as_str()),
            (IdentityKind::FlatpakId, "com.anydesk.Anydesk")
        );
    }

    #[test]
    fn the_application_in_an_image_and_beside_electron_is_named() {
        let machine = Machine::new();
        let archive = include_bytes!("../../captures/formats/small.asar");
        machine
            .file("/tmp/.mount_RustDeXyz12/rustdesk.desktop", "")
            .file("/tmp/.mount_RustDeXyz12/usr/lib/rustdesk/rustdesk", "")
            .file("/opt/thing/thing", "")
            .file("/opt/thing/resources/app.asar", archive)
            .file("/opt/other/resources/app/package.json", "{\"name\":\"other\"}");
        let root = machine.context().root;
        let beside = |path: &str| marks_beside(&root, path).into_iter().map(|m| m.value).collect::<Vec<_>>();
        assert_eq!(beside("/tmp/.mount_RustDeXyz12/usr/lib/rustdesk/rustdesk"), ["rustdesk"]);
        assert_eq!(beside("/opt/thing/thing"), ["example-remote-desktop"]);
        assert_eq!(beside("/opt/other/x"), ["other"]);
        assert_eq!(beside("/usr/bin/x"), [""; 0]);
    }
}
