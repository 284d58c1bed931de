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
mod far;
pub mod go_build_info;
mod inspection;
mod look;
pub mod mach_o;
pub mod manifest;
pub mod markers;
mod memory;
mod network_places;
pub mod package_json;
mod payload;
pub mod pe;
mod program;
pub mod read_at;
pub mod rust_crate;
mod surroundings;
pub mod zip;

use bearing_protocol::fact::{Executable, Owner, Process};

pub use memory::Memory;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
};
use inspection::Inspection;
use network_places::NetworkPlaces;
use program::programs;

/// Most executables.
const MAX_EXECUTABLES: usize = 10_000;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Executable>> {
    let mut gaps = Gaps::default();
    if context.root.is_live() && !cfg!(any(target_os = "linux", windows)) {
        gaps.note("units and what starts at sign-in are not read on this system: only what runs");
    }
    if context.earlier.processes.is_empty() {
        gaps.note("processes were not read: only what units and autostart entries name");
    }
    let nameless = |process: &&Process| {
        process.executable.is_none() && !process.kernel_thread && !process.arguments.is_empty()
    };
    let nameless = context.earlier.processes.iter().filter(nameless).count();
    gaps.add_many("processes' programs", Why::Denied, nameless as u64);
    let processes: Vec<&Process> = context.earlier.processes.iter().filter(|p| !p.seen_by_watch).collect();
    let memory = &context.memory.executables;
    memory.begin(&context.plan);
    let (executables, summary, missed) = examine(context, memory, &processes)?;
    memory.end();
    gaps.merge(missed);
    Ok(Reading::with_gaps(executables, summary, gaps))
}

/// What one process runs, as a collection would find it: its own executable, and what an interpreter runs.
#[cfg(target_os = "linux")]
pub(crate) fn of_process(context: &Context, process: &Process) -> Vec<Executable> {
    examine(context, &context.memory.executables, &[process]).map(|(found, ..)| found).unwrap_or_default()
}

/// What `processes`, units and autostart entries run.
fn examine(
    context: &Context,
    memory: &Memory,
    processes: &[&Process],
) -> Result<(Vec<Executable>, String, Gaps), Unread> {
    let mut gaps = Gaps::default();
    let far_places = NetworkPlaces::read(&context.root);
    let mut programs = programs(context, &far_places, processes);
    if programs.is_empty() {
        return Err(Unread::unsupported("neither processes nor units nor autostart entries were read"));
    }
    if programs.len() > MAX_EXECUTABLES {
        gaps.add_many("executables", Why::OverLimit, (programs.len() - MAX_EXECUTABLES) as u64);
        programs.truncate(MAX_EXECUTABLES);
    }
    let own_files =
        programs.iter().filter(|program| program.sandbox.is_none()).map(|program| program.path.clone());
    let owners = memory.owners(&context.root, &own_files.collect(), &mut gaps);
    // The budget goes to where portable copies lie first.
    programs.sort_by_cached_key(|program| {
        (!program.is_portable(), program.pids.is_empty(), program.path.clone())
    });
    let owned = programs.into_iter().map(|program| {
        let owner = match &program.sandbox {
            // A flatpak's files are its own; what a container's belong to, its own database knows.
            Some(sandbox) => sandbox.strip_prefix("flatpak:").map(|id| Owner::Package(id.to_owned())),
            None => owners.get(&program.path).cloned(),
        };
        (program, owner.unwrap_or_default())
    });
    let (far, near): (Vec<_>, Vec<_>) = owned.partition(|(program, _)| far_places.hold(&program.path));
    let mut inspection = Inspection::new(context, memory);
    let near = near.iter().map(|(program, owner)| inspection.inspect(program, owner.clone()));
    let mut executables: Vec<Executable> = near.collect();
    let (looks, missed) = inspection.finish();
    gaps.merge(missed);
    executables.extend(far::inspect(context, memory, far, &mut gaps));
    // Where a container's file has a path of ours too, ours stands last: it is the better known one.
    let known = |executable: &Executable| executable.owner != Owner::Unknown;
    executables.sort_by(|a, b| (&a.path, known(a), a.deleted).cmp(&(&b.path, known(b), b.deleted)));
    let unowned = executables.iter().filter(|e| e.owner == Owner::Nobody).count();
    let summary =
        format!("{} executables and scripts, {unowned} owned by no package, {looks}", executables.len());
    Ok((executables, summary, gaps))
}

#[cfg(test)]
mod tests;
