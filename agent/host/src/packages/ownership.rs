//! Which package owns a file, for the few files that are asked about.
//!
//! Always: every database of the machine is asked, and only about paths that packages can own; an empty
//! database means [`Owner::Unknown`], and so does one that could not be read whole.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::fact::Owner;

use super::{apk, dpkg_lists, nix, pacman, rpm, spelling::Spelling};
use crate::{gaps::Gaps, root::Root};

/// Where packages put nothing: what lies there is owned by nobody without a search.
const UNPACKAGED: [&str; 7] =
    ["/home/", "/root/", "/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/memfd:"];

/// What one database says.
#[derive(Debug)]
pub(super) struct Answer {
    /// Whether there is one that is not empty.
    pub(super) present: bool,
    /// Whether all of it could be asked.
    pub(super) complete: bool,
    /// Packages by path.
    pub(super) packages: BTreeMap<String, String>,
}

impl Answer {
    /// There is no such database, or nothing in it.
    pub(super) const fn absent() -> Self {
        Self { present: false, complete: true, packages: BTreeMap::new() }
    }
}

/// Finds the owners of absolute paths.
pub(crate) fn find_owners(root: &Root, paths: &BTreeSet<String>, gaps: &mut Gaps) -> BTreeMap<String, Owner> {
    let mut owners: BTreeMap<String, Owner> = BTreeMap::new();
    // A database that is there says that packages are how this machine gets its programs.
    let mut present = nix::is_the_system(root);
    let mut complete = true;
    let mut open = BTreeSet::new();
    for path in paths {
        if let Some(package) = package_by_place(path) {
            owners.insert(path.clone(), Owner::Package(package));
        } else {
            open.insert(path.as_str());
        }
    }
    let mut asked: BTreeSet<&str> =
        open.iter().copied().filter(|path| !UNPACKAGED.iter().any(|place| path.starts_with(place))).collect();
    let spelling = Spelling::of(root);
    for database in [dpkg_lists::owners, rpm::owners, pacman::owners, apk::owners] {
        let answer = database(root, &asked, spelling, gaps);
        present |= answer.present;
        complete &= answer.complete;
        for (path, package) in answer.packages {
            asked.remove(path.as_str());
            open.remove(path.as_str());
            owners.insert(path, Owner::Package(package));
        }
    }
    for path in open {
        // Whether a database that was not read whole owns it is open; where packages put nothing is not.
        let known = present && (complete || !asked.contains(path));
        owners.insert(path.to_owned(), if known { Owner::Nobody } else { Owner::Unknown });
    }
    owners
}

/// The snap, flatpak or Nix package a path belongs to by its place.
fn package_by_place(path: &str) -> Option<String> {
    if let Some(name) = nix::package_of(path) {
        return Some(name.to_owned());
    }
    let below = ["/snap/", "/var/lib/snapd/snap/", "/var/lib/flatpak/app/"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))?;
    let name = below.split('/').next().filter(|name| !name.is_empty() && *name != "bin")?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{gaps::Why, packages::dpkg_lists::MAX_LIST_BYTES};

    fn machine(lists: &[(&str, &str)], diversions: &str) -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        let info = directory.path().join("var/lib/dpkg/info");
        fs::create_dir_all(&info).unwrap();
        for (stem, list) in lists {
            fs::write(info.join(format!("{stem}.list")), list).unwrap();
        }
        fs::write(directory.path().join("var/lib/dpkg/diversions"), diversions).unwrap();
        let root = Root::sysroot(Path::new(directory.path())).unwrap();
        (directory, root)
    }

    fn owner(root: &Root, path: &str) -> Owner {
        let wanted = BTreeSet::from([path.to_owned()]);
        find_owners(root, &wanted, &mut Gaps::default()).remove(path).unwrap()
    }

    fn package(name: &str) -> Owner {
        Owner::Package(name.to_owned())
    }

    #[test]
    fn merged_directories_are_one() {
        let (_keep, root) =
            machine(&[("bash", "/.\n/bin/bash\n"), ("libc6:amd64", "/usr/lib/x/libc.so\n")], "");
        assert_eq!(owner(&root, "/usr/bin/bash"), package("bash"));
        assert_eq!(owner(&root, "/bin/bash"), package("bash"));
        assert_eq!(owner(&root, "/lib/x/libc.so"), package("libc6"));
        assert_eq!(owner(&root, "/opt/x/frpc"), Owner::Nobody);
        assert_eq!(owner(&root, "/home/a/bin/bash"), Owner::Nobody);
        assert_eq!(owner(&root, "/snap/anydesk/12/bin/anydesk"), package("anydesk"));
        assert_eq!(
            owner(&root, "/nix/store/0c3s5vmzk8pjfymbz7dbixb4pzrrx1pn-rustdesk-1.2/bin/x"),
            package("rustdesk")
        );
    }

    #[test]
    fn paths_of_any_length_are_found() {
        let long = format!("/opt/{}/run", "x".repeat(600));
        let (_keep, root) = machine(&[("long", &format!("/opt/a\n{long}\n")), ("short", "/b\n")], "");
        assert_eq!(owner(&root, &long), package("long"));
        assert_eq!(owner(&root, "/b"), package("short"));
    }

    #[test]
    fn an_empty_database_knows_nothing() {
        let (_keep, root) = machine(&[], "");
        assert_eq!(owner(&root, "/usr/bin/bash"), Owner::Unknown);
        assert_eq!(owner(&root, "/home/a/x"), Owner::Unknown);
    }

    #[test]
    fn a_diverted_file_belongs_to_whoever_it_came_from() {
        let lists = [("coreutils", "/usr/bin/true\n"), ("other", "/usr/bin/true\n")];
        let (_keep, root) = machine(&lists, "/usr/bin/true\n/usr/bin/true.real\nother\n");
        assert_eq!(owner(&root, "/usr/bin/true"), package("other"));
        assert_eq!(owner(&root, "/usr/bin/true.real"), package("coreutils"));
    }

    #[test]
    fn a_list_that_is_too_large_leaves_the_question_open() {
        let (_keep, root) = machine(&[("big", &"x".repeat(MAX_LIST_BYTES + 1))], "");
        let mut gaps = Gaps::default();
        let wanted = BTreeSet::from(["/usr/bin/x".to_owned()]);
        assert_eq!(find_owners(&root, &wanted, &mut gaps)["/usr/bin/x"], Owner::Unknown);
        assert_eq!(gaps.count("package file lists", Why::OverLimit), 1);
    }
}
