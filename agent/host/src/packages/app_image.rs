//! AppImages: programs in one file, wherever people put them.
//!
//! Always: only usual places are looked into, one level deep, and of each file only the first bytes; a file
//! is one by its magic, not by its name.
//! Facts: the AppImage specification: `AI` and the type (1 or 2) at offset 8, in the padding of the ELF header.

use bearing_protocol::{
    fact::{Package, PackageManager},
    limits::MAX_TEXT_BYTES,
    text::printable,
};

use super::MAX_SMALL_BYTES;
use crate::{
    executables::read_at::ReadAt as _,
    gaps::{Gaps, Why},
    reading::Context,
    root::FileKind,
    sections::{Continuation, parse_sections},
    users::homes,
};

/// Where AppImages are kept, below each home and for everybody.
const OWN_PLACES: [&str; 6] = ["Applications", "Downloads", "Desktop", "AppImages", "bin", ".local/bin"];
const PLACES: [&str; 3] = ["/opt", "/usr/local/bin", "/Applications"];
const MAX_NAMES: usize = 5_000;
/// Most files that are opened in all places.
const MAX_OPENED: usize = 2_000;
/// The smallest runtime is larger.
const MIN_BYTES: u64 = 16 * 1024;

/// Whether a file's first bytes are those of an AppImage.
pub fn is_app_image(head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF") && matches!(head.get(8..11), Some(b"AI\x01" | b"AI\x02"))
}

/// Name and version in a file's name: `rustdesk-1.2.3-x86_64.AppImage`.
pub fn split_name(file: &str) -> (String, String) {
    let stem = match file.rsplit_once('.') {
        Some((stem, end)) if end.eq_ignore_ascii_case("appimage") => stem,
        _ => file,
    };
    let mut words = stem.split(['-', '_']).filter(|word| !word.is_empty());
    let mut name = words.next().unwrap_or(stem).to_owned();
    let mut version = String::new();
    for word in words {
        let number = word.trim_start_matches(['v', 'V']);
        if number.starts_with(|c: char| c.is_ascii_digit()) {
            number.clone_into(&mut version);
            break;
        }
        if ["x86", "amd64", "aarch64", "arm64", "i386", "linux"].contains(&word.to_ascii_lowercase().as_str())
        {
            break;
        }
        name.push('-');
        name.push_str(word);
    }
    (name, version)
}

/// AppImages in the usual places and those that were integrated into the desktop; `None` where there are none.
pub(super) fn read(context: &Context, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let root = &context.root;
    let mut found = Vec::new();
    let mut opened = 0;
    let homes = homes(context);
    let own = homes.iter().flat_map(|home| OWN_PLACES.map(|place| format!("{}/{place}", home.path)));
    for place in PLACES.into_iter().map(str::to_owned).chain(own) {
        let listing = match root.list_dir(&place, MAX_NAMES) {
            Ok(listing) => listing,
            Err(error) => {
                // A file in a directory's place holds none.
                if error.kind != crate::root::ReadErrorKind::NotAFile {
                    gaps.add_error("places of AppImages", &error);
                }
                continue;
            }
        };
        if listing.truncated {
            gaps.add("places of AppImages", Why::OverLimit);
        }
        for name in listing.names {
            let path = format!("{place}/{name}");
            let Ok(status) = root.metadata(&path) else { continue };
            let runs = status.mode.is_none_or(|mode| mode & 0o111 != 0) || is_named_so(&name);
            if status.kind != FileKind::File || status.size_bytes < MIN_BYTES || !runs {
                continue;
            }
            if opened == MAX_OPENED {
                gaps.add("programs in places of AppImages", Why::OverLimit);
                break;
            }
            opened += 1;
            let Ok(file) = root.open(&path) else { continue };
            if is_app_image(&file.read_at(0, 16)) {
                let (name, version) = split_name(&name);
                found.push(Package {
                    manager: PackageManager::AppImage,
                    name: printable(&name, MAX_TEXT_BYTES),
                    version: printable(&version, MAX_TEXT_BYTES),
                    installed_at: status.created_at.filter(|_| root.is_live()),
                    publisher: None,
                });
            }
        }
    }
    for home in &homes {
        let directory = format!("{}/.local/share/applications", home.path);
        let names = root.list_dir(&directory, MAX_NAMES).unwrap_or_default().names;
        for name in names.iter().filter(|name| name.starts_with("appimagekit") && name.ends_with(".desktop"))
        {
            let Ok(text) = root.read_text(format!("{directory}/{name}"), MAX_SMALL_BYTES) else { continue };
            found.extend(
                from_desktop_entry(&text).filter(|package| !found.iter().any(|f| f.name == package.name)),
            );
        }
    }
    Some(found).filter(|found| !found.is_empty())
}

fn is_named_so(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("appimage"))
}

/// What a desktop entry says that an integrator wrote for an AppImage.
pub fn from_desktop_entry(text: &str) -> Option<Package> {
    let wanted = |section: &str, key: &str| {
        section == "Desktop Entry" && ["Name", "X-AppImage-Name", "X-AppImage-Version"].contains(&key)
    };
    let entries = parse_sections(text, Continuation::None, MAX_DESKTOP_ENTRIES, wanted);
    let value = |key: &str| {
        let found = entries.iter().find(|entry| entry.key == key)?;
        Some(printable(&found.value, MAX_TEXT_BYTES)).filter(|value| !value.is_empty())
    };
    Some(Package {
        manager: PackageManager::AppImage,
        name: value("X-AppImage-Name").or_else(|| value("Name"))?,
        version: value("X-AppImage-Version").unwrap_or_default(),
        ..Package::default()
    })
}

const MAX_DESKTOP_ENTRIES: usize = 16;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    fn image() -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01\x00AI\x02".to_vec();
        bytes.resize(32 * 1024, 0);
        bytes
    }

    #[test]
    fn images_are_known_by_their_magic() {
        let machine = Machine::new();
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .file("/home/anna/Downloads/rustdesk-1.2.3-x86_64.AppImage", image())
            .file("/home/anna/Downloads/report.AppImage", vec![0; 32 * 1024])
            .file("/home/anna/Downloads/small.AppImage", "AI")
            .fifo("/home/anna/Downloads/waits.AppImage")
            .file("/home/anna/Applications", "a file in a directory's place")
            .file(
                "/home/anna/.local/share/applications/appimagekit_1-AnyDesk.desktop",
                "[Desktop Entry]\nName=AnyDesk\nX-AppImage-Version=6.1\n",
            );
        let mut gaps = Gaps::default();
        let found = read(&machine.context(), &mut gaps).unwrap();
        let names: Vec<_> = found.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
        assert_eq!(names, [("rustdesk", "1.2.3"), ("AnyDesk", "6.1")]);
        assert!(gaps.is_empty(), "{}", gaps.describe());
    }

    #[test]
    fn names_and_versions_are_parted() {
        let split = |file: &str| {
            let (name, version) = split_name(file);
            format!("{name} {version}")
        };
        assert_eq!(split("RustDesk-v1.2-x86_64.AppImage"), "RustDesk 1.2");
        assert_eq!(split("remote_desktop_tool.appimage"), "remote-desktop-tool ");
        assert_eq!(split("tool-x86_64"), "tool ");
        assert_eq!(split(".AppImage"), " ");
    }
}
