//! Paths of Windows tools below Wine's prefixes: `C:\Program Files\…` is `drive_c/Program Files/…`.
//!
//! Always: names are compared without regard to case, as Wine itself does; each directory is listed once; only
//! prefixes in usual places are looked into, and not Steam's.

use std::{collections::HashMap, rc::Rc};

use crate::{
    gaps::{Gaps, Why},
    root::{ReadErrorKind, Root},
    users::Home,
    wildcard::matches_component,
};

/// Where prefixes lie below a home; `*` is any name.
const PREFIXES: [&str; 7] = [
    ".wine",
    ".wine-*",
    ".local/share/wineprefixes/*",
    ".PlayOnLinux/wineprefix/*",
    ".local/share/bottles/bottles/*",
    ".var/app/com.usebottles.bottles/data/bottles/bottles/*",
    ".cxoffice/*",
];
const MAX_PREFIXES: usize = 32;
const MAX_NAMES: usize = 50_000;
const MAX_NAMES_PER_DIRECTORY: usize = 2_000;
const MAX_HITS: usize = 64;

/// Prefixes and what was listed of them.
pub(super) struct Wine<'a> {
    root: &'a Root,
    drives: Vec<String>,
    listed: HashMap<String, Rc<Vec<String>>>,
    names_left: usize,
    gaps: Gaps,
}

impl<'a> Wine<'a> {
    /// Finds the prefixes of everybody's.
    pub(super) fn new(root: &'a Root, homes: &[Home]) -> Self {
        let mut wine = Self {
            root,
            drives: Vec::new(),
            listed: HashMap::new(),
            names_left: MAX_NAMES,
            gaps: Gaps::default(),
        };
        for home in homes {
            for place in PREFIXES {
                let found = wine.below(&home.path, &place.split('/').collect::<Vec<_>>());
                let drives = found.into_iter().map(|prefix| format!("{prefix}/drive_c"));
                wine.drives.extend(drives.filter(|drive| root.exists(drive)));
            }
        }
        if wine.drives.len() > MAX_PREFIXES {
            wine.gaps.add("Wine prefixes", Why::OverLimit);
            wine.drives.truncate(MAX_PREFIXES);
        }
        wine
    }

    /// Paths that a pattern of Windows names; none where it is no such pattern. What stands for a directory's
    /// contents stands for the directory.
    pub(super) fn expand(&mut self, pattern: &str) -> Vec<String> {
        let Some(rest) = pattern.strip_prefix(r"C:\").or_else(|| pattern.strip_prefix(r"c:\")) else {
            return Vec::new();
        };
        let rest = rest.strip_suffix(r"\*").unwrap_or(rest).to_lowercase();
        let components: Vec<&str> = rest.split('\\').filter(|component| !component.is_empty()).collect();
        let drives = self.drives.clone();
        // A whole drive or a whole `Program Files` is nobody's.
        if components.len() < 2 || components.contains(&"..") {
            return Vec::new();
        }
        drives.iter().flat_map(|drive| self.below(drive, &components)).collect()
    }

    pub(super) fn into_gaps(self) -> Gaps {
        self.gaps
    }

    fn below(&mut self, directory: &str, components: &[&str]) -> Vec<String> {
        let mut paths = vec![directory.to_owned()];
        for component in components {
            let mut next = Vec::new();
            for path in &paths {
                let names = self.list(path);
                let fits =
                    |name: &&String| matches_component(component, &name.to_lowercase()) || name == component;
                next.extend(names.iter().filter(fits).map(|name| format!("{path}/{name}")));
            }
            next.truncate(MAX_HITS);
            paths = next;
        }
        paths
    }

    fn list(&mut self, directory: &str) -> Rc<Vec<String>> {
        if let Some(names) = self.listed.get(directory) {
            return Rc::clone(names);
        }
        let limit = MAX_NAMES_PER_DIRECTORY.min(self.names_left);
        let names = match self.root.list_dir(directory, limit) {
            Ok(listing) => {
                self.names_left -= listing.names.len();
                if listing.truncated {
                    self.gaps.add("directories", Why::OverLimit);
                }
                listing.names
            }
            Err(error) => {
                if error.kind != ReadErrorKind::NotAFile {
                    self.gaps.add_error("directories", &error);
                }
                Vec::new()
            }
        };
        let names = Rc::new(names);
        self.listed.insert(directory.to_owned(), Rc::clone(&names));
        names
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn tools_in_a_prefix_are_found_whatever_the_case() {
        let machine = Machine::new();
        machine
            .directory("/home/anna/.wine/drive_c/Program Files (x86)/AnyDesk")
            .directory("/home/anna/.wine/drive_c/users/anna/AppData/Roaming/RustDesk")
            .directory(
                "/home/anna/.local/share/wineprefixes/box/drive_c/Program Files/Atera Networks/AteraAgent",
            )
            .directory("/home/anna/Program Files/TeamViewer")
            .link("/home/anna/.wine-loop", ".wine-loop");
        let home = Home { user: "anna".to_owned(), path: "/home/anna".to_owned() };
        let root = machine.context().root;
        let mut wine = Wine::new(&root, &[home]);
        let mut ask = |pattern: &str| wine.expand(pattern);
        assert_eq!(
            ask(r"C:\Program Files (x86)\anydesk\*"),
            ["/home/anna/.wine/drive_c/Program Files (x86)/AnyDesk"]
        );
        assert_eq!(
            ask(r"C:\Users\*\AppData\Roaming\RustDesk"),
            ["/home/anna/.wine/drive_c/users/anna/AppData/Roaming/RustDesk"]
        );
        assert_eq!(ask(r"C:\Program Files\ATERA Networks\AteraAgent\*").len(), 1);
        assert!(ask(r"C:\Program Files\TeamViewer").is_empty());
        assert!(ask(r"C:\Program Files\*").is_empty());
        assert!(ask("/opt/anydesk").is_empty());
    }
}
