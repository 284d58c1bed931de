//! Programs on file systems behind a network: looked into by a thread that may be left waiting.
//!
//! Always: at most one such thread waits; while it does, later evaluations ask nothing of any network. What did
//! not answer keeps what is known without its bytes.

use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use bearing_protocol::fact::{Executable, Owner};

use super::{inspection::Inspection, memory::Memory, program::Program};
use crate::{
    gaps::{Gaps, Why},
    reading::Context,
};

/// How long the network may take in all.
const PATIENCE: Duration = Duration::from_secs(3);
const WHAT: &str = "programs on network file systems";

/// Looks into `programs`, as far as their file systems answer.
pub(super) fn inspect(
    context: &Context,
    memory: &Memory,
    programs: Vec<(Program, Owner)>,
    gaps: &mut Gaps,
) -> Vec<Executable> {
    if programs.is_empty() {
        return Vec::new();
    }
    let unread = |(program, owner): &(Program, Owner)| Executable {
        path: program.path.clone(),
        pids: program.pids.clone(),
        owner: owner.clone(),
        deleted: program.deleted,
        identities: program.marks.clone(),
        ..Executable::default()
    };
    let mut executables: Vec<Executable> = programs.iter().map(unread).collect();
    let wanted = executables.len();
    let read = if memory.begin_waiting() { read(context, memory, programs) } else { Vec::new() };
    let answered = read.len();
    for (executable, found) in executables.iter_mut().zip(read) {
        *executable = found;
    }
    gaps.add_many(WHAT, Why::Failed, (wanted - answered) as u64);
    executables
}

/// The answers that came in time, in order.
fn read(context: &Context, memory: &Memory, programs: Vec<(Program, Owner)>) -> Vec<Executable> {
    let (context, waiting) = (context.clone(), Waiting(memory.clone()));
    let (answers, incoming) = channel();
    // A thread inherits what its parent gave up.
    let started = thread::Builder::new().name("far-files".to_owned()).spawn(move || {
        let waiting = waiting;
        let mut inspection = Inspection::new(&context, &waiting.0);
        for (program, owner) in &programs {
            let found = inspection.inspect(program, owner.clone());
            if answers.send(found).is_err() {
                break;
            }
        }
    });
    if started.is_err() {
        return Vec::new();
    }
    let until = Instant::now() + PATIENCE;
    let mut found = Vec::new();
    loop {
        match incoming.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(executable) => found.push(executable),
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => return found,
        }
    }
}

/// Ends the waiting however its thread ends, or where none could be started.
struct Waiting(Memory);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.end_waiting();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    fn program(path: &str) -> (Program, Owner) {
        (Program { path: path.to_owned(), ..Program::default() }, Owner::Nobody)
    }

    #[test]
    fn what_answers_is_looked_into_and_what_hangs_holds_nobody_up() {
        let machine = Machine::new();
        machine.file("/mnt/tool", b"\x7fELF");
        let context = machine.context();
        let memory = Memory::default();
        let mut gaps = Gaps::default();
        let found = inspect(&context, &memory, vec![program("/mnt/tool")], &mut gaps);
        assert_eq!((found[0].size_bytes, gaps.is_empty()), (4, true));
        // As a thread that still waits would leave it.
        assert!(memory.begin_waiting());
        let found = inspect(&context, &memory, vec![program("/mnt/tool")], &mut gaps);
        assert_eq!((found[0].path.as_str(), found[0].size_bytes), ("/mnt/tool", 0));
        assert_eq!(gaps.count(WHAT, Why::Failed), 1);
    }
}
