//! What this process gives up before it reads hostile files and talks to a network.
//!
//! Always: giving up is one-way; what the system cannot take from us is said in words, never assumed.
//! The parts: the whole process loses the ways to start programs ([`confine_service`]); a thread that reads
//! files loses the network and the ways to write ([`confine_reader`]); a thread that talks to the network can
//! lose writing outside a few directories ([`confine_writes`]).

use std::path::Path;

/// What was given up, and what this system could not take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confinement {
    /// In words ("starting programs is denied (seccomp)").
    pub applied: Vec<String>,
    /// In words, with the reason.
    pub missing: Vec<String>,
}

impl Confinement {
    /// Both lists on one line, for coverage and logs.
    pub fn describe(&self) -> String {
        let mut parts = self.applied.clone();
        parts.extend(self.missing.iter().map(|missing| format!("not applied: {missing}")));
        parts.join("; ")
    }
}

/// What a reading thread reads: it decides which calls it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The live machine.
    Live,
    /// A copy of a machine, whose paths only `openat2` resolves.
    Sysroot,
}

/// Denies the whole process, all threads, `execve`, `execveat`, `fork`, `vfork`, processes by `clone`,
/// `clone3`, `ptrace` and `process_vm_writev`. Threads still start. Call it before the first collection:
/// threads that were confined otherwise cannot be included any more.
pub fn confine_service() -> Confinement {
    let mut confinement = Confinement::default();
    let what = "starting programs, tracing and writing into other processes is denied (seccomp)";
    #[cfg(target_os = "linux")]
    confinement.record(what, crate::linux::sandbox::deny_programs());
    #[cfg(windows)]
    confinement.record(
        "starting programs is denied (a job of one process)",
        crate::windows::job::deny_programs().map_err(|error| error.to_string()),
    );
    #[cfg(windows)]
    let _ = what;
    #[cfg(not(any(target_os = "linux", windows)))]
    confinement.record(what, Err(UNSUPPORTED.to_owned()));
    confinement
}

/// Denies the calling thread, and threads it starts, the network (netlink and local sockets stay) and every
/// call that changes a file system. Other threads of the process keep both: this stops a parser that was
/// tricked into a call, not one whose memory was taken over.
pub fn confine_reader(reads: Reads) -> Confinement {
    let mut confinement = Confinement::default();
    let what = "the reading thread has no network and cannot write (seccomp)";
    #[cfg(target_os = "linux")]
    confinement.record(what, crate::linux::sandbox::deny_changes(reads));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = reads;
        confinement.record(what, Err(UNSUPPORTED.to_owned()));
    }
    confinement
}

/// Denies the calling thread, and threads it starts, writing outside of `writable` directories (Landlock).
///
/// Never on a thread that reads processes or starts one that does: the kernel takes the same step as leave
/// to hide other processes' `exe`, `cwd` and `fd` from it, and the collector would be blind.
pub fn confine_writes(writable: &[&Path]) -> Confinement {
    let mut confinement = Confinement::default();
    let what = "the talking thread writes only where it keeps its state (Landlock)";
    #[cfg(target_os = "linux")]
    confinement.record(what, crate::linux::sandbox::deny_writes_outside(writable));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = writable;
        confinement.record(what, Err(UNSUPPORTED.to_owned()));
    }
    confinement
}

#[cfg(not(target_os = "linux"))]
const UNSUPPORTED: &str = "this system has no such filter";

impl Confinement {
    fn record(&mut self, what: &str, done: Result<(), String>) {
        match done {
            Ok(()) => self.applied.push(what.to_owned()),
            Err(reason) => self.missing.push(format!("{what}: {reason}")),
        }
    }
}
