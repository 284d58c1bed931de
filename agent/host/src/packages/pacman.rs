//! pacman's database: a directory a package, with `desc` and `files`.
//!
//! Facts: alpm's local database (`lib/libalpm/be_local.c`): sections `%NAME%`, values on the lines below, an
//! empty line at the end; paths in `%FILES%` have no leading `/`, directories end with one.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{
    Timestamp,
    fact::{Package, PackageManager},
    limits::MAX_TEXT_BYTES,
    text::printable,
};

use super::{
    ownership::Answer,
    spelling::{Shapes, Spelling},
};
use crate::{
    gaps::{Gaps, Why},
    root::Root,
};

const LOCAL: &str = "/var/lib/pacman/local";
const MAX_PACKAGES: usize = 50_000;
const MAX_DESCRIPTION_BYTES: usize = 1024 * 1024;
const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of lists over all packages; a full desktop has some thirty million.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Reads a package's `desc`; `None` where it names no package.
pub fn parse_desc(text: &str) -> Option<Package> {
    let mut package = Package { manager: PackageManager::Pacman, ..Package::default() };
    let mut section = "";
    for line in text.lines() {
        if line.is_empty() || line.starts_with('%') {
            section = line;
            continue;
        }
        let value = || printable(line, MAX_TEXT_BYTES);
        match std::mem::take(&mut section) {
            "%NAME%" => package.name = value(),
            "%VERSION%" => package.version = value(),
            "%INSTALLDATE%" => {
                package.installed_at = line.parse().ok().and_then(|s| Timestamp::from_second(s).ok());
            }
            "%PACKAGER%" if line != "Unknown Packager" => package.publisher = Some(value()),
            _ => {}
        }
    }
    (!package.name.is_empty()).then_some(package)
}

/// Installed packages; `None` where there is no database or nothing in it.
pub(crate) fn read(root: &Root, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let mut packages = Vec::new();
    for name in entries(root, gaps) {
        match root.read_text(format!("{LOCAL}/{name}/desc"), MAX_DESCRIPTION_BYTES) {
            Ok(text) => packages.extend(parse_desc(&text)),
            Err(error) => gaps.add_error("package descriptions", &error),
        }
    }
    Some(packages).filter(|packages| !packages.is_empty())
}

/// Directories of packages: `NAME-VERSION-RELEASE`.
fn entries(root: &Root, gaps: &mut Gaps) -> Vec<String> {
    match root.list_dir(LOCAL, MAX_PACKAGES) {
        Ok(listing) => {
            if listing.truncated {
                gaps.add("package databases", Why::OverLimit);
            }
            listing.names.into_iter().filter(|name| name != "ALPM_DB_VERSION").collect()
        }
        Err(error) => {
            gaps.add_error("package databases", &error);
            Vec::new()
        }
    }
}

/// Who owns `paths`.
pub(super) fn owners(root: &Root, paths: &BTreeSet<&str>, spelling: Spelling, gaps: &mut Gaps) -> Answer {
    let mut entries = entries(root, gaps);
    if entries.is_empty() {
        return Answer::absent();
    }
    let mut wanted = spelling.by_normal(paths);
    let mut shapes = Shapes::default();
    for normal in wanted.keys() {
        shapes.add(normal);
    }
    // A program is most often in the package that is called like it.
    let names: BTreeSet<&str> = paths.iter().filter_map(|path| path.rsplit('/').next()).collect();
    entries.sort_by_cached_key(|entry| !names.iter().any(|name| entry.starts_with(name)));
    let mut answer = Answer { present: true, complete: true, packages: BTreeMap::new() };
    let mut left = MAX_BYTES;
    for entry in &entries {
        if wanted.is_empty() {
            break;
        }
        match root.read(format!("{LOCAL}/{entry}/files"), MAX_LIST_BYTES.min(left)) {
            Ok(bytes) => {
                left -= bytes.len();
                for line in bytes.split(|byte| *byte == b'\n') {
                    if !shapes.may_match(line.len() + 1, line.last()) {
                        continue;
                    }
                    let Ok(line) = std::str::from_utf8(line) else { continue };
                    let found = wanted.remove(spelling.normal(&format!("/{line}")).as_ref());
                    for path in found.into_iter().flatten() {
                        answer.packages.insert(path.to_owned(), name_of(entry).to_owned());
                    }
                }
            }
            // A package without files has no list.
            Err(error) if error.is_missing() => {}
            Err(error) => {
                answer.complete = false;
                gaps.add("package file lists", error.kind.into());
            }
        }
    }
    answer
}

/// The name in `NAME-VERSION-RELEASE`.
fn name_of(entry: &str) -> &str {
    entry.rsplitn(3, '-').nth(2).unwrap_or(entry)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    /// Written by pacman 6.0.2.
    const DESC: &str = include_str!("../../captures/pacman-6.0/desc");
    const FILES: &str = include_str!("../../captures/pacman-6.0/files");

    #[test]
    fn a_package_is_read_from_a_capture() {
        let machine = Machine::new();
        machine
            .file("/var/lib/pacman/local/ALPM_DB_VERSION", "9\n")
            .file("/var/lib/pacman/local/sample-desk-6.2.1-1/desc", DESC)
            .file("/var/lib/pacman/local/sample-desk-6.2.1-1/files", FILES);
        let root = machine.context().root;
        let mut gaps = Gaps::default();
        let packages = read(&root, &mut gaps).unwrap();
        assert_eq!(packages.len(), 1);
        assert_eq!((packages[0].name.as_str(), packages[0].version.as_str()), ("sample-desk", "6.2.1-1"));
        assert!(packages[0].installed_at.unwrap().as_second() > 1_700_000_000);
        let ask = |path: &str, spelling| {
            owners(&root, &BTreeSet::from([path]), spelling, &mut Gaps::default()).packages.remove(path)
        };
        assert_eq!(ask("/usr/bin/sample-desk", Spelling::default()).as_deref(), Some("sample-desk"));
        assert_eq!(ask("/bin/sample-desk", Spelling::default()).as_deref(), Some("sample-desk"));
        assert_eq!(ask("/opt/sample-desk/other", Spelling::default()), None);
        assert!(gaps.is_empty());
    }

    #[test]
    fn nonsense_is_no_package() {
        assert_eq!(parse_desc("%NAME%\n\n%VERSION%\n1\n"), None);
        assert_eq!(parse_desc("NAME\nx\n"), None);
        let package = parse_desc("%NAME%\nx\nsecond\n\n%INSTALLDATE%\nsoon\n").unwrap();
        assert_eq!((package.name.as_str(), package.installed_at), ("x", None));
        assert!(read(&Machine::new().context().root, &mut Gaps::default()).is_none());
    }
}
