//! The thread that notices programs and looks at them while they run.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bearing_protocol::{
    Timestamp,
    clock::Clock,
    fact::{Executable, Facts, Owner, Process, Protocol, Socket},
    plan::Plan,
};

use super::{
    Means, ProcessLog, Timing,
    log::{Kept, is_same},
};
use crate::{
    executables,
    gaps::Gaps,
    linux::process_watch::Events,
    memory::Memory,
    processes::{boot_time, listed_pids, read_process},
    reading::Context,
    root::Root,
    sandbox::{Reads, confine_reader},
    sockets::proc_net::{parse_proc_net, socket_inode},
};

/// Most programs that are looked at in one round.
const MAX_LOOKS: usize = 64;
/// Most programs that wait to be looked at.
const MAX_FRESH: usize = 8192;
/// How often events are fetched while programs settle.
const SETTLING_SLICES: u32 = 8;
/// Most programs whose sockets are looked at again.
const MAX_FOLLOWED: usize = 256;
/// Most open files of one program, and most bytes of one socket table.
const MAX_FILES: usize = 4096;
const MAX_TABLE_BYTES: usize = 2 * 1024 * 1024;
const MAX_SOCKETS: usize = 10_000;
/// Most processes of one list.
const MAX_PROCESSES: usize = 50_000;

/// Starts the thread.
pub(super) fn start(
    log: ProcessLog,
    memory: Memory,
    clock: Arc<dyn Clock>,
    timing: Timing,
) -> io::Result<()> {
    let root = Root::live();
    thread::Builder::new().name("process-watch".to_owned()).spawn(move || {
        let _ = confine_reader(Reads::Live);
        let ended = log.clone();
        let mut watcher = Watcher::new(root, log, memory, clock, timing);
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| watcher.run())) {
            drop(cause);
            ended.note_means(Means::Ended("it broke".to_owned()));
        }
    })?;
    Ok(())
}

struct Watcher {
    root: Root,
    log: ProcessLog,
    memory: Memory,
    clock: Arc<dyn Clock>,
    timing: Timing,
    /// Programs that started, and when each is old enough.
    fresh: BTreeMap<u32, Instant>,
    followed: Vec<Followed>,
    /// For lists: who was there last time.
    known: BTreeSet<u32>,
    /// When this machine was started, seconds since 1970.
    boot: Option<i64>,
    last_round: Timestamp,
}

/// A kept program whose sockets are looked at again.
struct Followed {
    process: Process,
    due: Instant,
    looks: usize,
}

impl Watcher {
    fn new(root: Root, log: ProcessLog, memory: Memory, clock: Arc<dyn Clock>, timing: Timing) -> Self {
        Self {
            last_round: clock.now(),
            boot: boot_time(&root),
            root,
            log,
            memory,
            clock,
            timing,
            fresh: BTreeMap::new(),
            followed: Vec::new(),
            known: BTreeSet::new(),
        }
    }

    /// Never returns.
    fn run(&mut self) {
        // Before anything is told: what runs already is the evaluation's.
        self.known = self.list();
        let mut events = match Events::open() {
            Ok(events) => {
                self.known.clear();
                self.log.note_means(Means::Events);
                Some(events)
            }
            Err(reason) => {
                self.note_polling(reason);
                None
            }
        };
        loop {
            match &events {
                Some(source) => {
                    if let Err(reason) = self.wait_for_events(source) {
                        self.note_polling(reason);
                        self.known = self.list();
                        events = None;
                    }
                }
                None => {
                    thread::sleep(self.timing.poll.min(self.until_due().unwrap_or(self.timing.poll)));
                    self.take_list();
                }
            }
            self.log.count(|counts| counts.woken += 1);
            if self.log.is_wanted() {
                self.boot = boot_time(&self.root);
                self.look_at_fresh();
                self.look_again();
            } else {
                self.fresh.clear();
                self.followed.clear();
            }
            self.last_round = self.clock.now();
        }
    }

    fn note_polling(&self, reason: String) {
        self.log.note_means(Means::Polling { every_s: self.timing.poll.as_secs(), reason });
    }

    /// Sleeps until a program starts or a look is due; then until what started has settled. Meanwhile what the
    /// kernel tells is fetched now and then, as it keeps some hundred events only.
    fn wait_for_events(&mut self, events: &Events) -> Result<(), String> {
        let slices = if events.wait(self.until_due())? { SETTLING_SLICES } else { 0 };
        let mut pids = BTreeSet::new();
        let mut overrun = false;
        for _ in 0..slices {
            thread::sleep(self.timing.settle / SETTLING_SLICES);
            let heard = events.drain()?;
            pids.extend(heard.pids);
            overrun |= heard.overrun;
        }
        self.log.count(|counts| counts.woken += u64::from(slices));
        let old_enough = Instant::now() + self.timing.min_age.saturating_sub(self.timing.settle);
        for pid in pids {
            self.expect(pid, old_enough);
        }
        if overrun {
            self.log.count(|counts| counts.overruns += 1);
            self.take_recent();
        }
        Ok(())
    }

    /// Notes a program that will be looked at.
    fn expect(&mut self, pid: u32, old_enough: Instant) {
        if self.fresh.len() < MAX_FRESH {
            self.fresh.insert(pid, old_enough);
        } else {
            self.log.count(|counts| counts.left_out += 1);
        }
    }

    /// How long until something must be looked at; `None` where nothing waits.
    fn until_due(&self) -> Option<Duration> {
        let fresh = self.fresh.values().min().copied();
        let again = self.followed.iter().map(|followed| followed.due).min();
        let due = fresh.into_iter().chain(again).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    fn list(&self) -> BTreeSet<u32> {
        listed_pids(&self.root, MAX_PROCESSES).into_iter().collect()
    }

    /// Takes who was not there at the last list.
    fn take_list(&mut self) {
        let there = self.list();
        let old_enough = Instant::now() + self.timing.min_age;
        let new: Vec<u32> = there.difference(&self.known).copied().collect();
        for pid in new {
            self.expect(pid, old_enough);
        }
        self.known = there;
    }

    /// Takes who was started since the last round, where the kernel could not tell all of them.
    fn take_recent(&mut self) {
        let old_enough = Instant::now() + self.timing.min_age;
        for pid in self.list() {
            let process = read_process(&self.root, pid, self.boot, &mut Gaps::default());
            let started = process.and_then(|process| process.started_at);
            // Starts are told to the second.
            if started.is_some_and(|at| at.as_second() + 1 >= self.last_round.as_second()) {
                self.expect(pid, old_enough);
            }
        }
    }

    /// Looks at those that are old enough; beyond a round's limit they wait for the next.
    fn look_at_fresh(&mut self) {
        let now = Instant::now();
        let due: Vec<u32> = self.fresh.iter().filter(|(_, at)| **at <= now).map(|(pid, _)| *pid).collect();
        let mut looks = 0;
        for pid in due {
            if looks == MAX_LOOKS {
                break;
            }
            self.fresh.remove(&pid);
            looks += usize::from(self.look_at(pid));
        }
    }

    /// Looks at one program, and keeps it where it could matter. Whether there was one.
    fn look_at(&mut self, pid: u32) -> bool {
        let Some(process) = read_process(&self.root, pid, self.boot, &mut Gaps::default()) else {
            self.log.count(|counts| counts.too_short += 1);
            return false;
        };
        if process.kernel_thread || pid == std::process::id() {
            return false;
        }
        if process.executable.is_none() {
            // A zombie has none and no arguments either: it is over.
            let hidden = !process.arguments.is_empty();
            self.log.count(|counts| if hidden { counts.unreadable += 1 } else { counts.too_short += 1 });
            return false;
        }
        self.log.count(|counts| counts.looked_at += 1);
        let context = self.context();
        let executables = executables::of_process(&context, &process);
        if !executables.iter().any(|executable| matters(executable, &context.plan)) {
            return true;
        }
        let sockets = self.sockets_of(&process);
        if self.followed.len() < MAX_FOLLOWED {
            let due = Instant::now() + self.timing.again[0];
            self.followed.push(Followed { process: process.clone(), due, looks: 0 });
        }
        self.log.keep(Kept { process, executables, sockets });
        true
    }

    fn context(&self) -> Context {
        Context {
            root: self.root.clone(),
            plan: self.memory.executables.plan(),
            now: self.clock.now(),
            earlier: Arc::new(Facts::default()),
            memory: self.memory.clone(),
        }
    }

    /// Looks again at what kept programs listen on.
    fn look_again(&mut self) {
        let now = Instant::now();
        let (due, mut rest): (Vec<Followed>, Vec<Followed>) =
            std::mem::take(&mut self.followed).into_iter().partition(|followed| followed.due <= now);
        for mut followed in due {
            let same = read_process(&self.root, followed.process.pid, self.boot, &mut Gaps::default())
                .is_some_and(|process| is_same(&process, &followed.process));
            let sockets = if same { self.sockets_of(&followed.process) } else { Vec::new() };
            if !same || !self.log.add_sockets(&followed.process, sockets) {
                continue;
            }
            followed.looks += 1;
            let last = self.timing.again.len() - 1;
            followed.due = now + self.timing.again[followed.looks.min(last)];
            rest.push(followed);
        }
        self.followed = rest;
    }

    /// What a process holds, in its own network namespace.
    fn sockets_of(&self, process: &Process) -> Vec<Socket> {
        let pid = process.pid;
        let files = self.root.list_dir(format!("/proc/{pid}/fd"), MAX_FILES).unwrap_or_default();
        let inode = |name: &String| {
            let target = self.root.read_link(format!("/proc/{pid}/fd/{name}")).ok()?;
            target.to_str().and_then(socket_inode)
        };
        let inodes: BTreeSet<u64> = files.names.iter().filter_map(inode).collect();
        if inodes.is_empty() {
            return Vec::new();
        }
        let tables = [
            ("tcp", Protocol::Tcp),
            ("tcp6", Protocol::Tcp),
            ("udp", Protocol::Udp),
            ("udp6", Protocol::Udp),
        ];
        let mut sockets = Vec::new();
        for (name, protocol) in tables {
            let table = self.root.read_prefix(format!("/proc/{pid}/net/{name}"), MAX_TABLE_BYTES);
            let Ok((bytes, _)) = table else { continue };
            let found = parse_proc_net(&bytes, protocol, MAX_SOCKETS).sockets.into_iter();
            sockets.extend(found.filter(|socket| inodes.contains(&socket.inode)).map(|socket| Socket {
                protocol,
                state: socket.state,
                local: socket.local,
                local_port: socket.local_port,
                remote: socket.remote.map(|(address, _)| address),
                remote_port: socket.remote.map(|(_, port)| port),
                pids: vec![pid],
                uid: Some(socket.uid.to_string()),
            }));
        }
        sockets
    }
}

/// Whether a program could matter: what a distribution's package owns does not, unless the catalogue names it.
fn matters(executable: &Executable, plan: &Plan) -> bool {
    match &executable.owner {
        Owner::Package(name) => plan.packages.contains(name),
        Owner::Nobody | Owner::Unknown => true,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::{clock::SystemClock, process_watch};

    const QUICK: Timing = Timing {
        settle: Duration::from_millis(20),
        min_age: Duration::from_millis(20),
        poll: Duration::from_millis(20),
        again: [Duration::from_millis(20); 3],
    };

    /// A copy of a program, which no package owns, while it runs.
    struct Running {
        path: String,
        child: std::process::Child,
        _directory: tempfile::TempDir,
    }

    impl Running {
        #[expect(clippy::disallowed_methods, reason = "a test may start a process; the product cannot")]
        fn start() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let copy = directory.path().join("update-helper");
            std::fs::copy("/bin/sleep", &copy).unwrap();
            let child = Command::new(&copy).arg("1000").spawn().unwrap();
            Self { path: copy.to_str().unwrap().to_owned(), child, _directory: directory }
        }

        fn end(&mut self) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn wait_until(what: &str, done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
            thread::yield_now();
        }
    }

    fn told(log: &ProcessLog, running: &Running) {
        let (gone, summary, _) = log.take(&[Process { pid: 1, ..Process::default() }]);
        let is_it = |process: &&Process| process.executable.as_deref() == Some(&running.path);
        let process = gone.processes.iter().find(is_it).unwrap();
        assert!(process.seen_by_watch && process.started_at.is_some(), "{summary}");
        let executable = gone.executables.iter().find(|e| e.path == running.path).unwrap();
        assert_eq!(executable.pids, [running.child.id()]);
        assert!(executable.size_bytes > 0);
    }

    #[test]
    fn a_program_that_ran_and_is_gone_is_told() {
        let memory = process_watch::watch(Arc::new(SystemClock), QUICK).unwrap();
        let log = memory.process_watch.clone().unwrap();
        log.want(true);
        wait_until("the watch begins", || log.means() != Means::None);
        let mut running = Running::start();
        wait_until("the program is noticed", || log.holds(&running.path));
        running.end();
        told(&log, &running);
    }

    #[test]
    fn what_policy_switches_off_is_not_looked_at() {
        let log = ProcessLog::default();
        assert!(!log.is_wanted(), "before the first collection nobody asked");
        log.want(true);
        let process = Process { pid: 7, ..Process::default() };
        log.keep(Kept { process, executables: Vec::new(), sockets: Vec::new() });
        log.want(false);
        assert!(log.take(&[]).0.processes.is_empty());
    }

    #[test]
    fn where_the_kernel_tells_nothing_a_list_shows_it() {
        let (log, memory) = (ProcessLog::default(), Memory::default());
        let timing = Timing { min_age: Duration::ZERO, ..QUICK };
        let mut watcher = Watcher::new(Root::live(), log.clone(), memory, Arc::new(SystemClock), timing);
        watcher.take_list();
        watcher.fresh.clear();
        let mut running = Running::start();
        // Until the copy runs, its process is one of this test.
        wait_until("the program is noticed", || {
            let process = read_process(&Root::live(), running.child.id(), None, &mut Gaps::default());
            process.is_some_and(|process| process.executable.as_deref() == Some(&running.path))
        });
        watcher.take_list();
        watcher.fresh.retain(|pid, _| *pid == running.child.id());
        watcher.look_at_fresh();
        assert!(log.holds(&running.path));
        running.end();
        told(&log, &running);
    }
}
