//! dpkg's database: deb-control(5) stanzas of `status`, `info/*.list`, `diversions`.
//!
//! Always: a package counts as installed where its state says `installed` (or where there is no state, as
//! in distroless images' `status.d`); a stanza without name or version is skipped.

/// An installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DpkgPackage {
    /// `Package:`.
    pub name: String,
    /// `Version:`.
    pub version: String,
    /// `Architecture:`.
    pub architecture: String,
    /// `Maintainer:`.
    pub maintainer: Option<String>,
    /// Whether `Multi-Arch: same`: then its files' names carry the architecture.
    pub multi_arch_same: bool,
}

impl DpkgPackage {
    /// The stems that `info/STEM.list` may have, most likely first.
    pub fn list_stems(&self) -> [String; 2] {
        let qualified = format!("{}:{}", self.name, self.architecture);
        if self.multi_arch_same { [qualified, self.name.clone()] } else { [self.name.clone(), qualified] }
    }
}

/// Installed packages of a status file, at most `max_packages`.
pub fn parse_status(text: &str, max_packages: usize) -> Vec<DpkgPackage> {
    let mut packages = Vec::new();
    let mut package = DpkgPackage::default();
    let mut installed = true;
    for line in text.lines().chain(std::iter::once("")) {
        if line.is_empty() {
            let done = std::mem::take(&mut package);
            if installed && !done.name.is_empty() && !done.version.is_empty() {
                if packages.len() == max_packages {
                    break;
                }
                packages.push(done);
            }
            installed = true;
            continue;
        }
        // Continued fields (descriptions, file lists) start with a blank.
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((field, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match field {
            "Package" => value.clone_into(&mut package.name),
            "Version" => value.clone_into(&mut package.version),
            "Architecture" => value.clone_into(&mut package.architecture),
            "Maintainer" => package.maintainer = Some(value.to_owned()),
            "Multi-Arch" => package.multi_arch_same = value == "same",
            // Want, error, state: only the last word tells what is on the disk.
            "Status" => installed = value.split_ascii_whitespace().last() == Some("installed"),
            _ => {}
        }
    }
    packages
}

/// A file that one package moved out of another's way (dpkg-divert(1)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diversion {
    /// Where the file would be.
    pub from: String,
    /// Where everybody else's copy of it is.
    pub to: String,
    /// Who diverted it; `:` is the administrator.
    pub by: String,
}

/// Reads `diversions`: three lines each.
pub fn parse_diversions(text: &str) -> Vec<Diversion> {
    let lines: Vec<&str> = text.lines().collect();
    let diversion = |lines: &[&str]| match lines {
        [from, to, by] => {
            Some(Diversion { from: (*from).to_owned(), to: (*to).to_owned(), by: (*by).to_owned() })
        }
        _ => None,
    };
    lines.chunks_exact(3).filter_map(diversion).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn installed_packages_are_read_from_a_capture() {
        let packages = parse_status(include_str!("../../captures/linux-6.18/dpkg_status"), 100);
        let adduser = packages.iter().find(|p| p.name == "adduser").unwrap();
        assert_eq!(adduser.architecture, "all");
        assert!(adduser.maintainer.is_some());
        let libc = packages.iter().find(|p| p.name == "libc6").unwrap();
        assert_eq!(libc.list_stems(), ["libc6:amd64", "libc6"]);
    }

    #[test]
    fn removed_packages_with_left_over_settings_are_not_installed() {
        let text = "Package: a\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 2\nDescription: x\n Package: not me\n\nPackage: c\nStatus: hold ok installed\nVersion: 3\n\nPackage: d\nVersion: 4\n";
        let names: Vec<_> = parse_status(text, 10).into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["b", "c", "d"]);
        assert_eq!(parse_status(text, 1).len(), 1);
    }

    #[test]
    fn diversions_come_in_threes() {
        let read = parse_diversions("/bin/sh\n/bin/sh.distrib\ndash\nrest\n");
        assert_eq!(
            read,
            [Diversion {
                from: "/bin/sh".to_owned(),
                to: "/bin/sh.distrib".to_owned(),
                by: "dash".to_owned()
            }]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(Package: ?|Version:|Status:|[ :\na-z])*") {
            let _ = parse_status(&text, 3);
            let _ = parse_diversions(&text);
        }
    }
}
