//! apk's database: one text file for all packages and their files.
//!
//! Facts: apk's `installed` (apk-tools `src/database.c`): a letter, a colon, a value; a package ends with an
//! empty line; `F:` names a directory without leading `/`, `R:` a file in it.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{
    fact::{Package, PackageManager},
    limits::MAX_TEXT_BYTES,
    text::printable,
};

use super::{ownership::Answer, spelling::Spelling};
use crate::{
    gaps::{Gaps, Why},
    root::Root,
};

/// Where it lies: always, and where `/lib` was merged into `/usr`.
const PATHS: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];
const MAX_BYTES: usize = 128 * 1024 * 1024;
const MAX_PACKAGES: usize = 50_000;

/// Reads the packages of a database, at most `max_packages`.
pub fn parse_installed(text: &str, max_packages: usize) -> Vec<Package> {
    let mut packages = Vec::new();
    let fresh = || Package { manager: PackageManager::Apk, ..Package::default() };
    let mut package = fresh();
    for line in text.lines().chain(std::iter::once("")) {
        let value = |text| printable(text, MAX_TEXT_BYTES);
        match line.split_once(':') {
            Some(("P", name)) => package.name = value(name),
            Some(("V", version)) => package.version = value(version),
            Some(("m", maintainer)) if !maintainer.is_empty() => package.publisher = Some(value(maintainer)),
            None if line.is_empty() => {
                let done = std::mem::replace(&mut package, fresh());
                if !done.name.is_empty() && packages.len() < max_packages {
                    packages.push(done);
                }
            }
            _ => {}
        }
    }
    packages
}

/// Installed packages; `None` where there is no database or nothing in it. When they were installed is not kept.
pub(super) fn read(root: &Root, gaps: &mut Gaps) -> Option<Vec<Package>> {
    let text = text(root, gaps)?.0;
    Some(parse_installed(&text, MAX_PACKAGES)).filter(|packages| !packages.is_empty())
}

/// The database, and whether all of it was read.
fn text(root: &Root, gaps: &mut Gaps) -> Option<(String, bool)> {
    for path in PATHS {
        match root.read_prefix(path, MAX_BYTES) {
            Ok((bytes, more)) => {
                if more {
                    gaps.add("package databases", Why::OverLimit);
                }
                return Some((String::from_utf8_lossy(&bytes).into_owned(), !more));
            }
            Err(error) => gaps.add_error("package databases", &error),
        }
    }
    None
}

/// Who owns `paths`.
pub(super) fn owners(root: &Root, paths: &BTreeSet<&str>, spelling: Spelling, gaps: &mut Gaps) -> Answer {
    let Some((text, complete)) = text(root, gaps) else { return Answer::absent() };
    let wanted = spelling.by_normal(paths);
    let directories: BTreeSet<&str> =
        wanted.keys().filter_map(|path| path.rsplit_once('/')).map(|(directory, _)| directory).collect();
    let mut packages = BTreeMap::new();
    let (mut present, mut package, mut directory) = (false, "", None);
    for line in text.lines() {
        match line.split_once(':') {
            Some(("P", name)) => {
                present = true;
                package = name;
                directory = None;
            }
            Some(("F", name)) => {
                let name = format!("/{name}/");
                let normal = spelling.normal(&name);
                let normal = normal.trim_end_matches('/');
                directory = directories.contains(normal).then(|| normal.to_owned());
            }
            Some(("R", name)) => {
                let file = directory.as_ref().and_then(|d| wanted.get(&format!("{d}/{name}")));
                for path in file.into_iter().flatten() {
                    packages.insert((*path).to_owned(), printable(package, MAX_TEXT_BYTES));
                }
            }
            _ => {}
        }
    }
    if present { Answer { present, complete, packages } } else { Answer::absent() }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    const INSTALLED: &str = "C:Q1abc=\nP:busybox\nV:1.36.1-r5\nA:x86_64\nm:A Person <a@example.org>\nF:bin\nR:busybox\na:0:0:755\nF:usr/lib/busybox\nR:data\n\nP:xrdp\nV:0.9.23-r0\nF:usr/sbin\nR:xrdp\n";

    #[test]
    fn packages_and_owners_are_read() {
        let machine = Machine::new();
        machine.file("/lib/apk/db/installed", INSTALLED);
        let root = machine.context().root;
        let mut gaps = Gaps::default();
        let packages = read(&root, &mut gaps).unwrap();
        let names: Vec<_> = packages.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
        assert_eq!(names, [("busybox", "1.36.1-r5"), ("xrdp", "0.9.23-r0")]);
        assert_eq!(packages[1].publisher, None, "a field of the package before does not stay");
        let paths =
            BTreeSet::from(["/bin/busybox", "/usr/bin/busybox", "/sbin/xrdp", "/usr/lib/busybox", "/data"]);
        let answer = owners(&root, &paths, Spelling::default(), &mut gaps);
        assert!(answer.present && answer.complete);
        assert_eq!(answer.packages.get("/sbin/xrdp").map(String::as_str), Some("xrdp"));
        assert!(
            answer.packages.contains_key("/bin/busybox") && answer.packages.contains_key("/usr/bin/busybox")
        );
        assert!(!answer.packages.contains_key("/data"));
    }

    #[test]
    fn nonsense_is_no_database() {
        let machine = Machine::new();
        machine.file("/lib/apk/db/installed", "V:1\n\nF:usr/bin\nR:x\n");
        let root = machine.context().root;
        assert!(read(&root, &mut Gaps::default()).is_none());
        let answer =
            owners(&root, &BTreeSet::from(["/usr/bin/x"]), Spelling::default(), &mut Gaps::default());
        assert!(!answer.present);
    }
}
