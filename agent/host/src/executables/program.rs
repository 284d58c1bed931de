//! The programs somebody runs or will run: their own executables, and what interpreters run.

use std::collections::BTreeMap;

use bearing_protocol::fact::{AutostartKind, Identity, Process};

use super::{
    network_places::NetworkPlaces,
    payload::{self, Form},
    surroundings::marks_of_place,
};
use crate::{reading::Context, root::Root};

/// Where a bare program name is looked for, as service managers and sessions do.
const SEARCH_PATH: [&str; 7] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/snap/bin"];

/// Where people, not packages, put things.
const PORTABLE_PLACES: [&str; 9] =
    ["/home/", "/root/", "/tmp/", "/var/tmp/", "/dev/shm/", "/run/", "/memfd:", "/opt/", "/usr/local/"];

/// What the makers of macOS and Windows ship and alone may change, folded to lower case.
const SYSTEMS_OWN: [&str; 7] =
    ["/system/", "/usr/bin/", "/usr/sbin/", "/usr/libexec/", "/bin/", "/sbin/", "c:\\windows\\"];

/// A program somebody runs or will run.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub(super) path: String,
    pub(super) deleted: bool,
    pub(super) pids: Vec<u32>,
    /// The container or flatpak it runs in: then the path is not one of this file system.
    pub(super) sandbox: Option<String>,
    /// What an interpreter runs, and what kind of file that is; `None` is a process's own executable.
    pub(super) payload: Option<Form>,
    /// What is known without its bytes.
    pub(super) marks: Vec<Identity>,
}

impl Program {
    /// Whether it lies where people, not packages, put things.
    pub(super) fn is_portable(&self) -> bool {
        self.deleted || PORTABLE_PLACES.iter().any(|place| self.path.starts_with(place))
    }

    /// Whether the system's maker ships it, on systems whose packages no database of ours knows.
    pub(super) fn is_systems_own(&self, root: &Root) -> bool {
        let path = self.path.to_ascii_lowercase();
        root.is_live()
            && !cfg!(target_os = "linux")
            && SYSTEMS_OWN.iter().any(|place| path.starts_with(place))
    }
}

/// What tells one program from another.
type Key = (String, bool, Option<String>, Option<Form>, Vec<Identity>);

/// Programs of processes, units and autostart entries, each once, in the order of their paths.
pub(super) fn programs(context: &Context, far: &NetworkPlaces, processes: &[&Process]) -> Vec<Program> {
    let facts = &context.earlier;
    let mut found: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
    for process in processes {
        let Some(path) = &process.executable else { continue };
        let sandboxed = |unit: &&String| unit.starts_with("container:") || unit.starts_with("flatpak:");
        let sandbox = process.unit.as_ref().filter(sandboxed).cloned();
        if let Some(payload) = payload::find(&context.root, far, process) {
            let at = payload.path.unwrap_or_else(|| path.clone());
            let key = (at, false, sandbox.clone(), Some(payload.form), payload.marks);
            found.entry(key).or_default().push(process.pid);
        }
        let marks = marks_of_place(path, Some(process));
        let key = (path.clone(), process.deleted, sandbox, None, marks);
        found.entry(key).or_default().push(process.pid);
    }
    let units = facts.units.iter().filter_map(|unit| unit.program.as_deref());
    let started = facts.autostart.iter().filter(|entry| entry.kind != AutostartKind::DesktopEntry);
    for program in units.chain(started.filter_map(|entry| entry.program.as_deref())) {
        if !far.hold(program)
            && let Some(path) = locate(&context.root, program)
        {
            let marks = marks_of_place(&path, None);
            found.entry((path, false, None, None, marks)).or_default();
        }
    }
    let program = |((path, deleted, sandbox, payload, marks), pids)| Program {
        path,
        deleted,
        pids,
        sandbox,
        payload,
        marks,
    };
    found.into_iter().map(program).collect()
}

/// A program's own path, links resolved; `None` where there is none.
fn locate(root: &Root, program: &str) -> Option<String> {
    let canonical = |path: &str| root.canonical(path).ok()?.into_os_string().into_string().ok();
    if cfg!(windows) && program.get(1..3) == Some(":\\") {
        return root.exists(program).then(|| program.to_owned());
    }
    if program.starts_with('/') {
        // What a unit names and is not there will not start; it stays a fact of the unit.
        return canonical(program);
    }
    let bare = !program.is_empty() && !program.contains(['/', '%', '$']);
    bare.then(|| SEARCH_PATH.iter().find_map(|directory| canonical(&format!("{directory}/{program}"))))?
}
