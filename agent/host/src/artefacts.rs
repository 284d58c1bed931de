//! Known paths that exist. Presence, owner and time; contents are never read.
//!
//! Always: `*` and `?` stand within one component; `~/` is every person's home and root's; directories are
//! listed within a budget, and what it left out is said.

mod wine;

use std::collections::BTreeSet;

use bearing_protocol::{fact::Artefact, plan::ArtefactPattern};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    root::{FileKind, Root},
    users::homes,
    wildcard::{has_wildcard, matches_component},
};
use wine::Wine;

/// Most names of one directory, and of all directories, that are held against patterns.
const MAX_NAMES_PER_DIRECTORY: usize = 5_000;
const MAX_NAMES: usize = 100_000;
/// Most paths that one pattern gives.
const MAX_HITS_PER_PATTERN: usize = 64;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Artefact>> {
    context.needs_linux()?;
    let homes = homes(context);
    let mut walk = Walk::new(&context.root);
    let mut wine = Wine::new(&context.root, &homes);
    let mut seen = BTreeSet::new();
    let mut artefacts = Vec::new();
    for pattern in &context.plan.artefacts {
        let bases: Vec<String> = match pattern.pattern.strip_prefix("~/") {
            Some(rest) => homes.iter().map(|home| format!("{}/{rest}", home.path)).collect(),
            None => vec![pattern.pattern.clone()],
        };
        for full in bases {
            for path in walk.expand(&full) {
                if seen.insert((pattern.product.clone(), path.clone())) {
                    artefacts.extend(walk.describe(pattern, path));
                }
            }
        }
        for path in wine.expand(&pattern.pattern) {
            if seen.insert((pattern.product.clone(), path.clone())) {
                artefacts.extend(walk.describe(pattern, path));
            }
        }
    }
    walk.gaps.merge(wine.into_gaps());
    let summary = format!("{} of {} known paths exist", artefacts.len(), context.plan.artefacts.len());
    Ok(Reading::with_gaps(artefacts, summary, walk.gaps))
}

/// Finds the paths that patterns name, within one budget of names.
pub(crate) struct Walk<'a> {
    root: &'a Root,
    gaps: Gaps,
    names_left: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(root: &'a Root) -> Self {
        Self { root, gaps: Gaps::default(), names_left: MAX_NAMES }
    }

    /// What was left out.
    pub(crate) fn into_gaps(self) -> Gaps {
        self.gaps
    }

    /// Paths that match and may exist; a pattern that is no absolute path gives none.
    pub(crate) fn expand(&mut self, pattern: &str) -> Vec<String> {
        if !pattern.starts_with('/') || pattern.split('/').any(|component| component == "..") {
            return Vec::new();
        }
        let mut paths = vec![String::new()];
        for component in pattern.split('/').filter(|component| !component.is_empty()) {
            if has_wildcard(component) {
                let parents = std::mem::take(&mut paths);
                for parent in parents {
                    let names = self.matching(&parent, component);
                    paths.extend(names.into_iter().map(|name| format!("{parent}/{name}")));
                }
            } else {
                for path in &mut paths {
                    path.push('/');
                    path.push_str(component);
                }
            }
            if paths.len() > MAX_HITS_PER_PATTERN {
                self.gaps.add("paths of one pattern", Why::OverLimit);
                paths.truncate(MAX_HITS_PER_PATTERN);
            }
        }
        paths
    }

    fn matching(&mut self, directory: &str, component: &str) -> Vec<String> {
        let limit = MAX_NAMES_PER_DIRECTORY.min(self.names_left);
        if limit == 0 {
            self.gaps.add("directories", Why::OverLimit);
            return Vec::new();
        }
        let place = if directory.is_empty() { "/" } else { directory };
        match self.root.list_dir(place, limit) {
            Ok(listing) => {
                self.names_left -= listing.names.len();
                if listing.truncated {
                    self.gaps.add("directories", Why::OverLimit);
                }
                listing.names.into_iter().filter(|name| matches_component(component, name)).collect()
            }
            Err(error) => {
                // A file in a directory's place simply does not match.
                if error.kind != crate::root::ReadErrorKind::NotAFile {
                    self.gaps.add_error("directories", &error);
                }
                Vec::new()
            }
        }
    }

    fn describe(&mut self, pattern: &ArtefactPattern, path: String) -> Option<Artefact> {
        match self.root.link_metadata(&path) {
            Ok(found) => Some(Artefact {
                product: pattern.product.clone(),
                pattern: pattern.pattern.clone(),
                directory: match found.kind {
                    FileKind::Directory => true,
                    FileKind::Link => self.root.metadata(&path).is_ok_and(|m| m.kind == FileKind::Directory),
                    _ => false,
                },
                path,
                uid: found.uid,
                modified_at: found.modified_at,
                // A copy was made when it was copied.
                created_at: found.created_at.filter(|_| self.root.is_live()),
            }),
            Err(error) => {
                if error.kind != crate::root::ReadErrorKind::NotAFile {
                    self.gaps.add_error("paths", &error);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::Arc};

    use bearing_protocol::{Timestamp, fact::Facts, plan::Plan};

    use super::*;

    #[test]
    fn homes_and_stars_are_expanded_below_the_root() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        fs::create_dir_all(at("etc")).unwrap();
        fs::create_dir_all(at("home/anna/.config/chrome-remote-desktop")).unwrap();
        fs::create_dir_all(at("home/domain.user/.anydesk")).unwrap();
        fs::write(at("etc/passwd"), "anna:x:1000:1000::/home/anna:/bin/bash\n").unwrap();
        fs::write(at("home/anna/.config/chrome-remote-desktop/host#12.json"), "secret").unwrap();
        let artefact = |product: &str, pattern: &str| ArtefactPattern {
            product: product.to_owned(),
            pattern: pattern.to_owned(),
        };
        let plan = Plan {
            artefacts: vec![
                artefact("chrome-remote-desktop", "~/.config/chrome-remote-desktop/host#*.json"),
                artefact("anydesk", "~/.anydesk/"),
                artefact("none", "/etc/*/passwd"),
                artefact("bad", "../etc/passwd"),
                artefact("bad", "/home/../etc/passwd"),
            ],
            ..Plan::default()
        };
        let context = Context {
            root: Root::sysroot(directory.path()).unwrap(),
            plan: Arc::new(plan),
            now: Timestamp::UNIX_EPOCH,
            earlier: Arc::new(Facts::default()),
            memory: crate::memory::Memory::default(),
        };
        let reading = read(&context).unwrap();
        let found: Vec<_> =
            reading.value.iter().map(|a| (a.product.as_str(), a.path.as_str(), a.directory)).collect();
        assert_eq!(
            found,
            [
                ("chrome-remote-desktop", "/home/anna/.config/chrome-remote-desktop/host#12.json", false),
                ("anydesk", "/home/domain.user/.anydesk", true),
            ]
        );
        assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
    }

    #[cfg(unix)]
    #[test]
    fn strange_things_in_an_artefacts_place_are_seen_and_not_opened() {
        let machine = crate::testing::Machine::new();
        machine.fifo("/opt/a/pipe").link("/opt/b", "/opt/b").link("/opt/c", "/nowhere").file("/opt/d/x", "");
        fs::File::create(machine.at("/opt/large")).unwrap().set_len(5 << 30).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(machine.at("/opt/s")).unwrap();
        let pattern =
            |pattern: &str| ArtefactPattern { product: "x".to_owned(), pattern: pattern.to_owned() };
        let mut context = machine.context();
        context.plan = Arc::new(Plan {
            artefacts: ["/opt/*/pipe", "/opt/b", "/opt/c", "/opt/large", "/opt/s", "/opt/d/*/y"]
                .map(pattern)
                .to_vec(),
            ..Plan::default()
        });
        let reading = read(&context).unwrap();
        let found: Vec<_> = reading.value.iter().map(|a| (a.path.as_str(), a.directory)).collect();
        let expected = ["/opt/a/pipe", "/opt/b", "/opt/c", "/opt/large", "/opt/s"].map(|path| (path, false));
        assert_eq!(found, expected);
        assert!(
            reading.value.iter().all(|artefact| artefact.created_at.is_none()),
            "a copy's times tell nothing"
        );
        assert_eq!(
            reading.gaps.count("paths", Why::Failed),
            1,
            "below the loop: {}",
            reading.gaps.describe()
        );
    }
}
