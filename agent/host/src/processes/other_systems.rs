//! Running processes of a live Windows or macOS, as `sysinfo` reads them from the system.
//!
//! Always: control groups, sessions and whether a file was deleted are Linux's and stay empty here; no
//! environment is asked for.

use bearing_protocol::{Timestamp, fact::Process};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::stat::MAX_ARGUMENTS;
use crate::{
    gaps::{Gaps, Why},
    reading::{Read, Reading, Unread},
};

/// Reads the live system's processes.
pub(super) fn read() -> Read<Vec<Process>> {
    let wanted = ProcessRefreshKind::nothing()
        .with_exe(UpdateKind::Always)
        .with_cmd(UpdateKind::Always)
        .with_cwd(UpdateKind::Always)
        .with_user(UpdateKind::Always);
    let mut system = System::new();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
    let mut processes: Vec<Process> = system.processes().values().map(process).collect();
    if processes.is_empty() {
        return Err(Unread::Failed("the system lists no process".to_owned()));
    }
    processes.sort_by_key(|process| process.pid);
    let mut gaps = Gaps::default();
    // The system tells no reason; for processes of others it is that we may not.
    let hidden = processes.iter().filter(|process| process.executable.is_none()).count();
    gaps.add_many("processes' programs", Why::Denied, hidden.try_into().unwrap_or(u64::MAX));
    let summary = format!("{} processes", processes.len());
    Ok(Reading::with_gaps(processes, summary, gaps))
}

fn process(found: &sysinfo::Process) -> Process {
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let started = i64::try_from(found.start_time()).ok().filter(|seconds| *seconds > 0);
    Process {
        pid: found.pid().as_u32(),
        parent: found.parent().map_or(0, sysinfo::Pid::as_u32),
        name: found.name().to_string_lossy().into_owned(),
        uid: found.user_id().map(|id| id.to_string()),
        started_at: started.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        executable: found.exe().filter(|exe| !exe.as_os_str().is_empty()).map(path),
        arguments: found
            .cmd()
            .iter()
            .take(MAX_ARGUMENTS)
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        working_directory: found.cwd().filter(|cwd| !cwd.as_os_str().is_empty()).map(path),
        ..Process::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_among_them() {
        let processes = read().unwrap().value;
        let own = processes.iter().find(|process| process.pid == std::process::id()).unwrap();
        let exe = std::env::current_exe().unwrap();
        assert_eq!(own.executable.as_deref(), exe.to_str());
        assert!(own.started_at.is_some() && own.uid.is_some() && !own.arguments.is_empty());
        assert!(processes.is_sorted_by_key(|process| process.pid));
    }
}
