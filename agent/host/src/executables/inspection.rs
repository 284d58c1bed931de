//! Looking into the programs that could matter, within a budget.
//!
//! Always: the budget counts bytes that are read; what an earlier evaluation read and nobody changed costs
//! none; what was left out is counted.

use std::{cell::OnceCell, collections::BTreeSet, fs::File};

use bearing_protocol::fact::{Executable, Identity, Owner};

use super::{
    look::{Depth, Look},
    markers::Markers,
    memory::{FileKey, Memory},
    payload::Form,
    program::Program,
    surroundings::marks_beside,
};
use crate::{
    gaps::{Gaps, Why},
    reading::Context,
    root::{Metadata, Root},
};

/// Most bytes of one file in which markers are looked for.
const MAX_MARKER_BYTES: u64 = 32 * 1024 * 1024;
/// Most bytes of all files in which markers are looked for, in one evaluation.
pub(super) const MAX_MARKER_BUDGET_BYTES: u64 = 256 * 1024 * 1024;
/// Most marks of one program.
const MAX_MARKS: usize = 300;

/// One evaluation's looks.
pub(super) struct Inspection<'a> {
    context: &'a Context,
    memory: &'a Memory,
    /// Compiled when the first file needs them: most evaluations remember all.
    markers: OnceCell<Option<Markers<'a>>>,
    known_packages: BTreeSet<&'a str>,
    ourselves: Option<String>,
    budget: u64,
    opened: u32,
    remembered: u32,
    gaps: Gaps,
}

impl<'a> Inspection<'a> {
    pub(super) fn new(context: &'a Context, memory: &'a Memory) -> Self {
        Self {
            context,
            memory,
            markers: OnceCell::new(),
            known_packages: context.plan.packages.iter().map(String::as_str).collect(),
            ourselves: ourselves(&context.root),
            budget: MAX_MARKER_BUDGET_BYTES,
            opened: 0,
            remembered: 0,
            gaps: Gaps::default(),
        }
    }

    /// What was looked into, in words, and what was left out.
    pub(super) fn finish(self) -> (String, Gaps) {
        let mebibytes = |bytes: u64| bytes / (1024 * 1024);
        let text = format!(
            "{} looked into ({} remembered, {} MiB read of at most {} MiB)",
            self.opened,
            self.remembered,
            mebibytes(MAX_MARKER_BUDGET_BYTES - self.budget),
            mebibytes(MAX_MARKER_BUDGET_BYTES),
        );
        (text, self.gaps)
    }

    pub(super) fn inspect(&mut self, program: &Program, owner: Owner) -> Executable {
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
            identities: program.marks.clone(),
            ..Executable::default()
        };
        let own_file = !program.deleted && program.sandbox.is_none();
        // A script's marks are read already; its text is nobody's business.
        let wanted = wanted && !program.is_systems_own(&self.context.root);
        if !wanted || ours || program.payload == Some(Form::Script) {
            if own_file && let Ok(found) = self.context.root.metadata(&program.path) {
                executable.size_bytes = found.size_bytes;
                executable.created_at = self.created_at(&found);
            }
            return executable;
        }
        if own_file && program.payload.is_none() {
            executable.identities.extend(marks_beside(&self.context.root, &program.path));
        }
        if let Some(file) = self.open(program) {
            self.look_into(&file, program, &mut executable);
        }
        executable
    }

    /// Opens a program: through a process that runs it where there is one (then it is the very file that
    /// runs, gone or not), else by its path.
    fn open(&mut self, program: &Program) -> Option<File> {
        let root = &self.context.root;
        let running = program.pids.first().filter(|_| root.is_live() && program.payload.is_none());
        let through_process = running.filter(|_| !cfg!(windows)).map(|pid| format!("/proc/{pid}/exe"));
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

    fn look_into(&mut self, file: &File, program: &Program, executable: &mut Executable) {
        self.opened += 1;
        if let Ok(found) = file.metadata() {
            let found = Metadata::from(&found);
            executable.size_bytes = found.size_bytes;
            executable.created_at = self.created_at(&found);
        }
        let look = self.look(file, program.payload);
        if look.partial {
            self.gaps.add("executables beyond the bytes read", Why::OverLimit);
        }
        if look.changed {
            self.gaps.add("executables that changed while they were read", Why::Malformed);
        }
        executable.build_id = look.build_id;
        executable.go_module = look.go_module;
        executable.go_version = look.go_version;
        executable.markers = look.markers;
        executable.partial = look.partial;
        merge(&mut executable.identities, look.identities);
    }

    /// When the file came to be: a copy's times are those of the copying, and images have the epoch's.
    fn created_at(&self, found: &Metadata) -> Option<bearing_protocol::Timestamp> {
        found.created_at.filter(|at| self.context.root.is_live() && at.as_second() > 0)
    }

    /// What the file's bytes tell, from memory where it did not change.
    fn look(&mut self, file: &File, payload: Option<Form>) -> Look {
        let key = FileKey::of(file);
        if let Some(look) = key.and_then(|key| self.memory.look(key)) {
            self.remembered += 1;
            return look;
        }
        let headers_only = matches!(payload, Some(Form::Jar | Form::Asar));
        let limit = MAX_MARKER_BYTES.min(self.budget);
        let depth = match self.markers() {
            Some(markers) if !headers_only => Depth::Whole(markers, limit),
            _ => Depth::Headers,
        };
        let look = Look::into(file, depth);
        self.budget -= look.read_bytes;
        // What the budget cut is read further when there is budget again.
        let cut_short = look.partial && limit < MAX_MARKER_BYTES;
        if let Some(key) = key.filter(|_| !look.changed && !cut_short) {
            self.memory.remember(key, &look);
        }
        look
    }

    fn markers(&mut self) -> Option<&Markers<'a>> {
        if self.markers.get().is_none() {
            let compiled = Markers::compile(&self.context.plan.markers);
            let markers = compiled
                .map_err(|error| self.gaps.note(format!("markers could not be compiled: {error}")))
                .ok();
            let _ = self.markers.set(markers);
        }
        self.markers.get()?.as_ref()
    }
}

/// Adds marks, each once, as far as there is room.
fn merge(marks: &mut Vec<Identity>, more: Vec<Identity>) {
    for mark in more {
        if marks.len() < MAX_MARKS && !marks.contains(&mark) {
            marks.push(mark);
        }
    }
}

/// Our own file, on a live machine.
fn ourselves(root: &Root) -> Option<String> {
    #[cfg(windows)]
    if root.is_live() {
        return std::env::current_exe().ok().map(|path| path.to_string_lossy().into_owned());
    }
    let path = root.is_live().then(|| root.read_link("/proc/self/exe").ok())??;
    Some(path.to_string_lossy().into_owned())
}
