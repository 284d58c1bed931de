//! Running processes, from `/proc`; on other live systems from the system itself.
//!
//! Always: a process may vanish between two reads; what is left of it is kept or skipped, never an error.
//! Environments are not read here, and arguments never leave the device.

pub mod cgroup;
#[cfg(any(test, not(target_os = "linux")))]
mod other_systems;
pub mod stat;

use std::{collections::HashMap, path::Path};

use bearing_protocol::{Timestamp, fact::Process};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::Root,
};
use stat::{MAX_CMDLINE_BYTES, parse_boot_time, parse_cmdline, parse_stat, parse_status, split_deleted};

/// Most entries of `/proc` that are looked at.
const MAX_PROCESSES: usize = 50_000;
/// Most bytes of `stat`, `status`, `cgroup` and `comm`.
const MAX_SMALL_BYTES: usize = 64 * 1024;
/// Most bytes of arguments over all processes.
const MAX_ARGUMENT_BYTES: usize = 16 * 1024 * 1024;
/// Clock ticks in a second: `USER_HZ`, 100 on every architecture Linux reports times for.
const TICKS_PER_SECOND: u64 = 100;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Process>> {
    #[cfg(not(target_os = "linux"))]
    if context.root.is_live() {
        return other_systems::read();
    }
    let root = &context.root;
    let listing = root.list_dir("/proc", MAX_PROCESSES)?;
    let boot = boot_time(root);
    let names: HashMap<&str, &str> =
        context.earlier.users.iter().rev().map(|u| (u.uid.as_str(), u.name.as_str())).collect();
    let mut gaps = Gaps::default();
    if listing.truncated {
        gaps.add("processes", Why::OverLimit);
    }
    let mut pids: Vec<u32> = listing.names.iter().filter_map(|name| name.parse().ok()).collect();
    pids.sort_unstable();
    if root.is_live() && !pids.is_empty() && pids.first() != Some(&1) {
        gaps.note("processes of other users are hidden (`hidepid`)");
    }
    let mut argument_bytes = MAX_ARGUMENT_BYTES;
    let mut processes = Vec::with_capacity(pids.len());
    for pid in pids {
        let Some(mut process) = read_process(root, pid, boot, &mut gaps) else { continue };
        let bytes = process.arguments.iter().map(String::len).sum();
        match argument_bytes.checked_sub(bytes) {
            Some(left) => argument_bytes = left,
            None => {
                process.arguments.clear();
                gaps.add("command lines", Why::OverLimit);
            }
        }
        process.user = process.uid.as_deref().and_then(|uid| names.get(uid)).map(|name| (*name).to_owned());
        processes.push(process);
    }
    if processes.is_empty() {
        // A running machine has at least one: this is a copy without them, not a machine without.
        return Err(Unread::unsupported("no process under `/proc`"));
    }
    let threads = processes.iter().filter(|p| p.kernel_thread).count();
    let summary = format!("{} processes, {threads} of them kernel threads", processes.len());
    Ok(Reading::with_gaps(processes, summary, gaps))
}

/// Numbers of the processes there are, at most `limit`.
#[cfg(target_os = "linux")]
pub(crate) fn listed_pids(root: &Root, limit: usize) -> Vec<u32> {
    let listing = root.list_dir("/proc", limit).unwrap_or_default();
    listing.names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// When this machine was started, seconds since 1970.
pub(crate) fn boot_time(root: &Root) -> Option<i64> {
    root.read("/proc/stat", 1024 * 1024).ok().and_then(|bytes| parse_boot_time(&bytes))
}

/// One process from whatever of its files there is; `None` where there is nothing.
pub(crate) fn read_process(root: &Root, pid: u32, boot: Option<i64>, gaps: &mut Gaps) -> Option<Process> {
    let directory = format!("/proc/{pid}");
    let path = |name: &str| format!("{directory}/{name}");
    let mut small = |name: &str| match root.read(path(name), MAX_SMALL_BYTES) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            gaps.add_error("process files", &error);
            None
        }
    };
    let stat = small("stat").and_then(|bytes| parse_stat(&bytes));
    let status = small("status").map(|bytes| parse_status(&bytes));
    let comm = if stat.is_none() { small("comm") } else { None };
    let cgroup = small("cgroup").and_then(|bytes| cgroup::parse_cgroup(&bytes));
    let command_line = match root.read_prefix(path("cmdline"), MAX_CMDLINE_BYTES + 1) {
        Ok((bytes, _)) => Some(parse_cmdline(&bytes)),
        Err(error) => {
            gaps.add_error("command lines", &error);
            None
        }
    };
    // The kernel's own flag: only its threads carry it, and they have neither program nor directory.
    let in_kernel = stat.as_ref().is_some_and(|stat| stat.kernel_thread);
    let executable = if in_kernel { None } else { link(root, &path("exe"), "exe links", gaps) };
    if stat.is_none() && status.is_none() && comm.is_none() && command_line.is_none() && executable.is_none()
    {
        return None;
    }
    let status = status.unwrap_or_default();
    let (arguments, cut) = command_line.unwrap_or_default();
    if cut {
        gaps.add("command lines", Why::OverLimit);
    }
    let parent = stat.as_ref().map(|s| s.parent).or(status.parent).unwrap_or_default();
    let looks_kernel = executable.is_none() && arguments.is_empty() && (pid == 2 || parent == 2);
    let kernel_thread =
        stat.as_ref().map(|s| s.kernel_thread).or(status.kernel_thread).unwrap_or(looks_kernel);
    let started_at = stat.as_ref().zip(boot).and_then(|(stat, boot)| {
        let seconds = i64::try_from(stat.started_ticks / TICKS_PER_SECOND).ok()?;
        Timestamp::from_second(boot.checked_add(seconds)?).ok()
    });
    let comm = || comm.map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned());
    let name = stat.map(|s| s.name).or(status.name).or_else(comm).unwrap_or_default();
    let working_directory =
        if kernel_thread { None } else { link(root, &path("cwd"), "working directories", gaps) };
    let (executable, deleted) = match executable {
        Some(target) => {
            let (stripped, marked) = split_deleted(&target);
            // A file may truly be called so.
            let deleted = marked && !(root.is_live() && root.exists(&target));
            (Some(if deleted { stripped.to_owned() } else { target }), deleted)
        }
        None => (None, false),
    };
    let cgroup = cgroup.unwrap_or_default();
    Some(Process {
        pid,
        parent,
        name,
        uid: status.uid.map(|uid| uid.to_string()),
        user: None,
        started_at,
        executable,
        deleted,
        arguments,
        working_directory,
        cgroup: (!cgroup.path.is_empty()).then_some(cgroup.path),
        unit: cgroup.unit,
        session: cgroup.session,
        kernel_thread,
        ..Process::default()
    })
}

/// A link's text. A link that is not there is no gap: kernel threads and zombies have none.
fn link(root: &Root, path: &str, what: &'static str, gaps: &mut Gaps) -> Option<String> {
    match root.read_link(Path::new(path)) {
        Ok(target) => Some(target.to_string_lossy().into_owned()),
        Err(error) => {
            gaps.add_error(what, &error);
            None
        }
    }
}

#[cfg(test)]
mod tests;
