//! What the running and autostarting executables are: owner, build identity, markers.
//!
//! Always: a program that a distribution package owns is believed by its package and not opened, unless
//! the plan names the package; everything else is looked into, by its own bytes and never by its name,
//! the likeliest portable copies first and within a budget of bytes. We do not look into ourselves: our
//! own catalogue holds every marker.

pub mod asar;
pub mod authenticode;
pub mod der;
pub mod elf;
pub mod go_build_info;
pub mod mach_o;
pub mod manifest;
pub mod markers;
pub mod package_json;
pub mod pe;
pub mod read_at;
pub mod rust_crate;
pub mod zip;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
};

use bearing_protocol::fact::{AutostartKind, Executable, Owner, Process};

use crate::{
    gaps::{Gaps, Why},
    packages::ownership::find_owners,
    reading::{Context, Read, Reading, Unread},
    root::Root,
};
use markers::Markers;

/// Most executables.
const MAX_EXECUTABLES: usize = 10_000;
/// Most bytes of one file in which markers are looked for.
const MAX_MARKER_BYTES: u64 = 32 * 1024 * 1024;
/// Most bytes of all files in which markers are looked for, in one evaluation.
const MAX_MARKER_BUDGET_BYTES: u64 = 256 * 1024 * 1024;

/// Where a bare program name is looked for, as service managers and sessions do.
const SEARCH_PATH: [&str; 7] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/snap/bin"];

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Executable>> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let mut programs = programs(context);
    if programs.is_empty() {
        return Err(Unread::unsupported("neither processes nor units nor autostart entries were read"));
    }
    if context.earlier.processes.is_empty() {
        gaps.note("processes were not read: only what units and autostart entries name");
    }
    let nameless = |process: &&Process| {
        process.executable.is_none() && !process.kernel_thread && !process.arguments.is_empty()
    };
    let nameless = context.earlier.processes.iter().filter(nameless).count();
    gaps.add_many("processes' programs", Why::Denied, nameless as u64);
    if programs.len() > MAX_EXECUTABLES {
        gaps.add_many("executables", Why::OverLimit, (programs.len() - MAX_EXECUTABLES) as u64);
        programs.truncate(MAX_EXECUTABLES);
    }
    let own_files =
        programs.iter().filter(|program| program.sandbox.is_none()).map(|program| program.path.clone());
    let owners = find_owners(&context.root, &own_files.collect(), &mut gaps);
    let markers = match Markers::compile(&context.plan.markers) {
        Ok(markers) => Some(markers),
        Err(error) => {
            gaps.note(format!("markers could not be compiled: {error}"));
            None
        }
    };
    let mut inspection = Inspection {
        context,
        markers,
        known_packages: context.plan.packages.iter().map(String::as_str).collect(),
        ourselves: ourselves(&context.root),
        budget: MAX_MARKER_BUDGET_BYTES,
        opened: 0,
        gaps: &mut gaps,
    };
    // The budget goes to where portable copies lie first.
    programs.sort_by_cached_key(|program| {
        (!program.is_portable(), program.pids.is_empty(), program.path.clone())
    });
    let mut executables: Vec<Executable> = programs
        .into_iter()
        .map(|program| {
            let owner = match &program.sandbox {
                // A flatpak's files are its own; what a container's belong to, its own database knows.
                Some(sandbox) => sandbox.strip_prefix("flatpak:").map(|id| Owner::Package(id.to_owned())),
                None => owners.get(&program.path).cloned(),
            };
            inspection.inspect(&program, owner.unwrap_or_default())
        })
        .collect();
    let opened = inspection.opened;
    let read_bytes = MAX_MARKER_BUDGET_BYTES - inspection.budget;
    // Where a container's file has a path of ours too, ours stands last: it is the better known one.
    let known = |executable: &Executable| executable.owner != Owner::Unknown;
    executables.sort_by(|a, b| (&a.path, known(a), a.deleted).cmp(&(&b.path, known(b), b.deleted)));
    let unowned = executables.iter().filter(|e| e.owner == Owner::Nobody).count();
    let summary = format!(
        "{} executables, {unowned} owned by no package, {opened} looked into ({} MiB of at most {} MiB)",
        executables.len(),
        read_bytes / (1024 * 1024),
        MAX_MARKER_BUDGET_BYTES / (1024 * 1024),
    );
    Ok(Reading::with_gaps(executables, summary, gaps))
}

/// A program somebody runs or will run.
#[derive(Debug)]
struct Program {
    path: String,
    deleted: bool,
    pids: Vec<u32>,
    /// The container or flatpak it runs in: then the path is not one of this file system.
    sandbox: Option<String>,
}

impl Program {
    /// Whether it lies where people, not packages, put things.
    fn is_portable(&self) -> bool {
        let places = [
            "/home/",
            "/root/",
            "/tmp/",
            "/var/tmp/",
            "/dev/shm/",
            "/run/",
            "/memfd:",
            "/opt/",
            "/usr/local/",
        ];
        self.deleted || places.iter().any(|place| self.path.starts_with(place))
    }
}

/// Programs of processes, units and autostart entries, each once, in the order of their paths.
fn programs(context: &Context) -> Vec<Program> {
    let facts = &context.earlier;
    let mut found: BTreeMap<(String, bool, Option<String>), Vec<u32>> = BTreeMap::new();
    for process in &facts.processes {
        if let Some(path) = &process.executable {
            let sandboxed = |unit: &&String| unit.starts_with("container:") || unit.starts_with("flatpak:");
            let sandbox = process.unit.as_ref().filter(sandboxed).cloned();
            found.entry((path.clone(), process.deleted, sandbox)).or_default().push(process.pid);
        }
    }
    let units = facts.units.iter().filter_map(|unit| unit.program.as_deref());
    let started = facts.autostart.iter().filter(|entry| entry.kind != AutostartKind::DesktopEntry);
    for program in units.chain(started.filter_map(|entry| entry.program.as_deref())) {
        if let Some(path) = locate(&context.root, program) {
            found.entry((path, false, None)).or_default();
        }
    }
    found
        .into_iter()
        .map(|((path, deleted, sandbox), pids)| Program { path, deleted, pids, sandbox })
        .collect()
}

/// A program's own path, links resolved; `None` where there is none.
fn locate(root: &Root, program: &str) -> Option<String> {
    let canonical = |path: &str| root.canonical(path).ok()?.into_os_string().into_string().ok();
    if program.starts_with('/') {
        // What a unit names and is not there will not start; it stays a fact of the unit.
        return canonical(program);
    }
    let bare = !program.is_empty() && !program.contains(['/', '%', '$']);
    bare.then(|| SEARCH_PATH.iter().find_map(|directory| canonical(&format!("{directory}/{program}"))))?
}

/// Our own file, on a live machine.
fn ourselves(root: &Root) -> Option<String> {
    let path = root.is_live().then(|| root.read_link("/proc/self/exe").ok())??;
    Some(path.to_string_lossy().into_owned())
}

struct Inspection<'a> {
    context: &'a Context,
    markers: Option<Markers<'a>>,
    known_packages: BTreeSet<&'a str>,
    ourselves: Option<String>,
    budget: u64,
    opened: u32,
    gaps: &'a mut Gaps,
}

impl Inspection<'_> {
    fn inspect(&mut self, program: &Program, owner: Owner) -> Executable {
        let wanted = match &owner {
            Owner::Package(name) => self.known_packages.contains(name.as_str()),
            Owner::Nobody | Owner::Unknown => true,
        };
        let ours = self.ourselves.as_deref() == Some(program.path.as_str());
        let mut executable = Executable {
            path: program.path.clone(),
            pids: program.pids.clone(),
            owner,
            deleted: program.deleted,
            ..Executable::default()
        };
        if !wanted || ours {
            if !program.deleted {
                let size = self.context.root.metadata(&program.path).map(|found| found.size_bytes);
                executable.size_bytes = size.unwrap_or_default();
            }
            return executable;
        }
        if let Some(file) = self.open(program) {
            self.look_into(&file, &mut executable);
        }
        executable
    }

    /// Opens a program: through a process that runs it where there is one (then it is the very file that
    /// runs, gone or not), else by its path.
    fn open(&mut self, program: &Program) -> Option<File> {
        let root = &self.context.root;
        let through_process =
            program.pids.first().filter(|_| root.is_live()).map(|pid| format!("/proc/{pid}/exe"));
        let by_path = (!program.deleted && program.sandbox.is_none()).then(|| program.path.clone());
        let mut failure = None;
        for path in [through_process, by_path].into_iter().flatten() {
            match root.open(&path) {
                Ok(file) => return Some(file),
                Err(error) => failure = Some(error.kind),
            }
        }
        self.gaps.add("executables", failure.map_or(Why::Missing, Why::from));
        None
    }

    fn look_into(&mut self, file: &File, executable: &mut Executable) {
        self.opened += 1;
        executable.size_bytes = file.metadata().map(|found| found.len()).unwrap_or_default();
        if let Some(identity) = elf::identify(file) {
            executable.build_id = identity.build_id;
            executable.go_module = identity.go_module;
            executable.go_version = identity.go_version;
        }
        let Some(markers) = &self.markers else { return };
        let limit = MAX_MARKER_BYTES.min(self.budget);
        let found = markers.find(file, limit);
        self.budget -= found.read_bytes;
        executable.markers = found.markers;
        executable.partial = found.read_bytes < executable.size_bytes;
        if executable.partial {
            self.gaps.add("executables beyond the bytes read", Why::OverLimit);
        }
    }
}

#[cfg(test)]
mod tests;
