//! What the watch keeps between evaluations.
//!
//! Always: bounded; each program is told once, and one that still runs at an evaluation is not told at all,
//! as the evaluation saw it itself.

use std::sync::{Arc, Mutex, PoisonError};

use bearing_protocol::fact::{Executable, Process, Socket};

use super::Gone;
use crate::gaps::{Gaps, Why};

/// Most programs that are kept between two evaluations.
const MAX_KEPT: usize = 256;
/// Most sockets of one program.
const MAX_SOCKETS: usize = 32;

/// By which means programs are noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Means {
    /// The watch has not begun yet.
    #[default]
    None,
    /// The kernel tells of every program that starts.
    Events,
    /// Processes are listed from time to time.
    Polling {
        /// Between two lists, in seconds.
        every_s: u64,
        /// Why the kernel does not tell.
        reason: String,
    },
    /// The watch ended.
    Ended(String),
}

/// A program that was looked at while it ran.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) process: Process,
    pub(super) executables: Vec<Executable>,
    pub(super) sockets: Vec<Socket>,
}

/// Counts since the last evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Times the watch's thread woke.
    pub(super) woken: u64,
    /// Programs that were looked at.
    pub(super) looked_at: u64,
    /// Programs that ended before they could be.
    pub(super) too_short: u64,
    /// Programs that could not be read.
    pub(super) unreadable: u64,
    /// Programs for which there was no room, or no time.
    pub(super) left_out: u64,
    /// Times the kernel had more to tell than it could keep.
    pub(super) overruns: u64,
}

/// Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessLog(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Whether policy lets the watch look: the last collection says so.
    wanted: bool,
    means: Means,
    counts: Counts,
    kept: Vec<Kept>,
}

impl ProcessLog {
    /// Lets the watch look, or stops it and forgets what it saw.
    pub(crate) fn want(&self, wanted: bool) {
        self.with(|state| {
            state.wanted = wanted;
            if !wanted {
                state.kept = Vec::new();
            }
        });
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.with(|state| state.wanted)
    }

    pub(super) fn note_means(&self, means: Means) {
        self.with(|state| state.means = means);
    }

    pub(super) fn count(&self, act: impl FnOnce(&mut Counts)) {
        self.with(|state| act(&mut state.counts));
    }

    pub(super) fn keep(&self, kept: Kept) {
        self.with(|state| {
            if state.kept.len() < MAX_KEPT {
                state.kept.push(kept);
            } else {
                state.counts.left_out += 1;
            }
        });
    }

    /// Adds what a kept program holds now. Whether it is still kept.
    pub(super) fn add_sockets(&self, process: &Process, sockets: Vec<Socket>) -> bool {
        self.with(|state| {
            let Some(kept) = state.kept.iter_mut().find(|kept| is_same(&kept.process, process)) else {
                return false;
            };
            for socket in sockets {
                if kept.sockets.len() < MAX_SOCKETS && !kept.sockets.contains(&socket) {
                    kept.sockets.push(socket);
                }
            }
            true
        })
    }

    #[cfg(test)]
    pub(super) fn means(&self) -> Means {
        self.with(|state| state.means.clone())
    }

    #[cfg(test)]
    pub(super) fn holds(&self, path: &str) -> bool {
        self.with(|state| state.kept.iter().any(|kept| kept.process.executable.as_deref() == Some(path)))
    }

    /// What is gone, in words what was watched, and what could not be. `running` is what an evaluation saw.
    pub(super) fn take(&self, running: &[Process]) -> (Gone, String, Gaps) {
        let (means, counts, kept) = self.with(|state| {
            (state.means.clone(), std::mem::take(&mut state.counts), std::mem::take(&mut state.kept))
        });
        let mut gone = Gone::default();
        for mut kept in kept {
            if running.iter().any(|process| is_same(process, &kept.process)) {
                continue;
            }
            kept.process.seen_by_watch = true;
            gone.processes.push(kept.process);
            gone.executables.extend(kept.executables);
            // A process that has its number now must not be taken for the one that held them.
            kept.sockets.retain(|socket| running.iter().all(|process| !socket.pids.contains(&process.pid)));
            gone.sockets.extend(kept.sockets);
        }
        let summary = format!(
            "{} programs of no distribution package ran since the last evaluation and are gone; {} looked at; {}; woken {} times",
            gone.processes.len(),
            counts.looked_at,
            describe(&means),
            counts.woken,
        );
        (gone, summary, gaps(&means, &counts))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn describe(means: &Means) -> String {
    match means {
        Means::None => "not begun yet".to_owned(),
        Means::Events => "told by the kernel's process events".to_owned(),
        Means::Polling { every_s, .. } => format!("listed every {every_s} s"),
        Means::Ended(reason) => format!("ended: {reason}"),
    }
}

fn gaps(means: &Means, counts: &Counts) -> Gaps {
    let mut gaps = Gaps::default();
    match means {
        Means::Events => {}
        Means::None => gaps.note("the watch has not begun"),
        Means::Polling { every_s, reason } => gaps.note(format!(
            "{reason}: a program that runs for less than {every_s} s between two looks is missed"
        )),
        Means::Ended(reason) => gaps.note(format!("the watch ended: {reason}")),
    }
    gaps.add_many("programs that started", Why::Denied, counts.unreadable);
    gaps.add_many("programs that started", Why::OverLimit, counts.left_out);
    gaps.add_many("times the kernel's events", Why::OverLimit, counts.overruns);
    gaps
}

/// Whether two records are of one run of one program. The kernel tells when it was started by a clock that may be
/// set meanwhile.
pub(super) fn is_same(a: &Process, b: &Process) -> bool {
    let apart = a.started_at.zip(b.started_at).map_or(0, |(a, b)| a.duration_since(b).as_secs().abs());
    a.pid == b.pid && a.executable == b.executable && apart <= MAX_APART_S
}

/// How far two readings of one start may be apart, in seconds.
const MAX_APART_S: i64 = 10;

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use bearing_protocol::fact::{Protocol, SocketState};

    use super::*;

    fn process(pid: u32, path: &str) -> Process {
        Process { pid, executable: Some(path.to_owned()), ..Process::default() }
    }

    fn listener(pid: u32) -> Socket {
        Socket {
            protocol: Protocol::Tcp,
            state: SocketState::Listening,
            local: IpAddr::V4(Ipv4Addr::LOCALHOST),
            local_port: 7,
            remote: None,
            remote_port: None,
            pids: vec![pid],
            uid: None,
        }
    }

    fn kept(pid: u32, path: &str) -> Kept {
        let executable = Executable { path: path.to_owned(), ..Executable::default() };
        Kept { process: process(pid, path), executables: vec![executable], sockets: vec![listener(pid)] }
    }

    #[test]
    fn what_is_gone_is_told_once_and_what_runs_is_not() {
        let log = ProcessLog::default();
        log.note_means(Means::Events);
        log.keep(kept(7, "/tmp/gone"));
        log.keep(kept(8, "/tmp/runs"));
        log.keep(kept(9, "/tmp/replaced"));
        log.count(|counts| counts.woken += 3);
        let running = [process(8, "/tmp/runs"), process(9, "/usr/bin/other")];
        let (gone, summary, gaps) = log.take(&running);
        let pids: Vec<u32> = gone.processes.iter().map(|process| process.pid).collect();
        assert_eq!(pids, [7, 9]);
        assert!(gone.processes.iter().all(|process| process.seen_by_watch));
        assert_eq!(gone.executables.len(), 2);
        assert_eq!(gone.sockets, [listener(7)], "9 is another process now");
        assert!(summary.starts_with("2 programs") && summary.ends_with("woken 3 times"), "{summary}");
        assert!(gaps.is_empty());
        let (gone, ..) = log.take(&running);
        assert!(gone.processes.is_empty());
    }

    #[test]
    fn a_flood_is_bounded_and_said() {
        let log = ProcessLog::default();
        for pid in 0..1000 {
            log.keep(kept(pid, "/tmp/x"));
        }
        let (gone, _, gaps) = log.take(&[]);
        assert_eq!(gone.processes.len(), MAX_KEPT);
        assert_eq!(gaps.count("programs that started", Why::OverLimit), 1000 - MAX_KEPT as u64);
    }

    #[test]
    fn sockets_are_added_each_once_while_the_program_is_kept() {
        let log = ProcessLog::default();
        log.keep(kept(7, "/tmp/x"));
        assert!(
            log.add_sockets(
                &process(7, "/tmp/x"),
                vec![listener(7), Socket { local_port: 8, ..listener(7) }]
            )
        );
        assert!(!log.add_sockets(&process(7, "/tmp/other"), vec![]));
        assert_eq!(log.take(&[]).0.sockets.len(), 2);
    }

    #[test]
    fn polling_says_what_it_misses() {
        let log = ProcessLog::default();
        log.note_means(Means::Polling {
            every_s: 20,
            reason: "the kernel refuses its process events".to_owned(),
        });
        let (_, summary, gaps) = log.take(&[]);
        assert!(summary.contains("listed every 20 s"));
        assert!(gaps.describe().contains("less than 20 s"), "{}", gaps.describe());
    }
}
