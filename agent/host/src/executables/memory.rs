//! What earlier evaluations found in files that did not change since, in memory only.
//!
//! Always: a file is known by device, inode, size and both times, so that neither a new file in an old place
//! nor a changed one passes for the old; who can set those back can write the memory of a process, too. A
//! plan with other markers, or another package database, forgets what depended on it. What a round did not
//! ask for is dropped with it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    sync::{Arc, Mutex, PoisonError},
};

use bearing_protocol::{Timestamp, fact::Owner, plan::Plan};

use super::look::Look;
use crate::{
    gaps::Gaps,
    packages::ownership::find_owners,
    root::{Metadata, Root},
};

/// Most files, and most paths with their owners, that are remembered.
const MAX_FILES: usize = 4096;
const MAX_OWNERS: usize = 20_000;

/// Remembered looks and owners. Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    plan: Option<Arc<Plan>>,
    round: u64,
    looks: HashMap<FileKey, (u64, Look)>,
    owners: Owners,
    /// Whether a thread still waits for a file system behind a network.
    waiting: bool,
}

/// What tells a file and its contents from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileKey {
    device: u64,
    inode: u64,
    size_bytes: u64,
    modified_at: Timestamp,
    changed_at: Timestamp,
}

impl FileKey {
    /// `None` where the system does not tell all of it.
    pub(super) fn of(file: &File) -> Option<Self> {
        let found = Metadata::from(&file.metadata().ok()?);
        Some(Self {
            device: found.device?,
            inode: found.inode?,
            size_bytes: found.size_bytes,
            modified_at: found.modified_at?,
            changed_at: found.changed_at?,
        })
    }
}

#[derive(Debug, Default)]
struct Owners {
    /// The package databases as they were.
    databases: Vec<Option<Metadata>>,
    known: BTreeMap<String, Owner>,
}

impl Memory {
    /// Begins an evaluation under a plan.
    pub(super) fn begin(&self, plan: &Arc<Plan>) {
        self.with(|state| {
            if state.plan.as_ref().is_none_or(|known| known.markers != plan.markers) {
                state.looks.clear();
            }
            state.plan = Some(Arc::clone(plan));
            state.round += 1;
        });
    }

    /// The plan of the last evaluation; an empty one before the first.
    #[cfg(target_os = "linux")]
    pub(crate) fn plan(&self) -> Arc<Plan> {
        self.with(|state| state.plan.clone().unwrap_or_default())
    }

    /// Ends it: what it did not ask for is forgotten.
    pub(super) fn end(&self) {
        self.with(|state| {
            let round = state.round;
            state.looks.retain(|_, (last, _)| *last == round);
        });
    }

    pub(super) fn look(&self, key: FileKey) -> Option<Look> {
        self.with(|state| {
            let round = state.round;
            let (last, look) = state.looks.get_mut(&key)?;
            *last = round;
            Some(look.clone())
        })
    }

    pub(super) fn remember(&self, key: FileKey, look: &Look) {
        self.with(|state| {
            if state.looks.len() < MAX_FILES {
                state.looks.insert(key, (state.round, look.clone()));
            }
        });
    }

    /// Owners of paths, from memory where no package database changed.
    pub(super) fn owners(
        &self,
        root: &Root,
        paths: &BTreeSet<String>,
        gaps: &mut Gaps,
    ) -> BTreeMap<String, Owner> {
        let databases: Vec<_> = DATABASES.iter().map(|path| root.metadata(path).ok()).collect();
        let mut known = self.with(|state| {
            if state.owners.databases != databases {
                state.owners = Owners { databases: databases.clone(), known: BTreeMap::new() };
            }
            state.owners.known.clone()
        });
        known.retain(|path, _| paths.contains(path));
        let unknown: BTreeSet<String> =
            paths.iter().filter(|path| !known.contains_key(*path)).cloned().collect();
        if unknown.is_empty() {
            return known;
        }
        let mut missed = Gaps::default();
        known.extend(find_owners(root, &unknown, &mut missed));
        // What could not be read whole is asked again next time, and said again.
        if missed.is_empty() {
            self.with(|state| {
                if state.owners.databases == databases {
                    if state.owners.known.len() > MAX_OWNERS {
                        state.owners.known.clear();
                    }
                    state.owners.known.extend(known.clone());
                }
            });
        }
        gaps.merge(missed);
        known
    }

    /// Whether nobody waits for a network yet: then somebody does from now on.
    pub(super) fn begin_waiting(&self) -> bool {
        self.with(|state| !std::mem::replace(&mut state.waiting, true))
    }

    pub(super) fn end_waiting(&self) {
        self.with(|state| state.waiting = false);
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What changes when a package comes, goes or is upgraded: dpkg, rpm, pacman, apk.
const DATABASES: [&str; 10] = [
    "/var/lib/dpkg/status",
    "/var/lib/dpkg/info",
    "/var/lib/dpkg/diversions",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/rpmdb.sqlite-wal",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
    "/var/lib/pacman/local",
    "/lib/apk/db/installed",
    "/usr/lib/apk/db/installed",
];

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use bearing_protocol::plan::Marker;

    use super::*;
    use crate::testing::Machine;

    fn plan(marker: &str) -> Arc<Plan> {
        let markers = vec![Marker { product: "x".to_owned(), text: marker.to_owned() }];
        Arc::new(Plan { markers, ..Plan::default() })
    }

    #[test]
    fn a_changed_file_and_another_plan_are_looked_at_again() {
        let machine = Machine::new();
        machine.file("/opt/x", "one");
        let open = || File::open(machine.at("/opt/x")).unwrap();
        let memory = Memory::default();
        memory.begin(&plan("a"));
        let key = FileKey::of(&open()).unwrap();
        assert_eq!(memory.look(key), None);
        let look = Look { read_bytes: 3, ..Look::default() };
        memory.remember(key, &look);
        memory.end();
        memory.begin(&plan("a"));
        assert_eq!(memory.look(FileKey::of(&open()).unwrap()), Some(look));
        machine.file("/opt/x", "longer");
        assert_eq!(memory.look(FileKey::of(&open()).unwrap()), None);
        memory.begin(&plan("b"));
        assert_eq!(memory.look(key), None);
    }

    #[test]
    fn what_a_round_does_not_ask_for_is_forgotten() {
        let machine = Machine::new();
        machine.file("/opt/x", "one");
        let key = FileKey::of(&File::open(machine.at("/opt/x")).unwrap()).unwrap();
        let memory = Memory::default();
        memory.begin(&plan("a"));
        memory.remember(key, &Look::default());
        memory.end();
        memory.begin(&plan("a"));
        memory.end();
        memory.begin(&plan("a"));
        assert_eq!(memory.look(key), None);
    }

    #[test]
    fn owners_are_asked_for_again_when_a_database_changes() {
        let machine = Machine::new();
        machine.file("/var/lib/dpkg/status", "one").file("/var/lib/dpkg/info/a.list", "/usr/bin/a\n");
        let root = machine.context().root;
        let memory = Memory::default();
        let paths = BTreeSet::from(["/usr/bin/a".to_owned(), "/opt/b".to_owned()]);
        let owner = |path: &str| memory.owners(&root, &paths, &mut Gaps::default()).remove(path).unwrap();
        assert_eq!(owner("/usr/bin/a"), Owner::Package("a".to_owned()));
        assert_eq!(owner("/opt/b"), Owner::Nobody);
        machine.file("/var/lib/dpkg/info/b.list", "/opt/b\n").file("/var/lib/dpkg/status", "one and two");
        assert_eq!(owner("/opt/b"), Owner::Package("b".to_owned()));
    }
}
