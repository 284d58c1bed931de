//! Programs that run between two evaluations and are gone by the next one.
//!
//! Always: what a distribution's package owns is forgotten at once, and so is what ran for a moment only; what
//! is kept is bounded, is told in the next evaluation and then forgotten; arguments stay in this process;
//! where policy does not let it look, it looks at nothing. Its thread sleeps until a program starts, or where the
//! kernel does not tell, looks from time to time; how often it woke is counted and said. It gives up the network
//! and writing before it reads anything.

mod event;
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "programs are watched on Linux only"))]
mod log;
#[cfg(target_os = "linux")]
mod watcher;

use std::{io, sync::Arc, time::Duration};

use bearing_protocol::{
    clock::Clock,
    fact::{Executable, Process, Socket},
};

#[cfg(target_os = "linux")]
pub(crate) use event::wish_to_listen;
pub use event::{EVENT_EXEC, EVENT_NONE, EVENT_OFFSET, ProcessEvent, parse_event};
pub use log::Means;
pub(crate) use log::ProcessLog;

use crate::{
    memory::Memory,
    reading::{Context, Read, Reading, Unread},
};

/// What the watch saw of programs that are gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gone {
    /// The processes, marked as seen by the watch.
    pub(crate) processes: Vec<Process>,
    /// What they ran.
    pub(crate) executables: Vec<Executable>,
    /// What they listened on and were connected to.
    pub(crate) sockets: Vec<Socket>,
}

/// How long the watch waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From the first program that starts until all that started meanwhile are looked at together.
    pub settle: Duration,
    /// A program that ends before this age was too short to matter.
    pub min_age: Duration,
    /// Between two looks where the kernel tells nothing.
    pub poll: Duration,
    /// How long after the first look a program's sockets are looked at again.
    pub again: [Duration; 3],
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(4),
            min_age: Duration::from_secs(3),
            poll: Duration::from_secs(20),
            again: [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(300)],
        }
    }
}

/// Begins to watch this machine on a thread of its own, for as long as the process lives. What it sees goes
/// into the memory that is returned, and from there into each collection that is given it.
///
/// Call it before the calling thread gives up writing ([`crate::sandbox::confine_writes`]): the kernel would
/// hide other processes from the new thread, too.
///
/// # Errors
/// Where the system gives no thread, or processes are not watched on it.
pub fn watch(clock: Arc<dyn Clock>, timing: Timing) -> io::Result<Memory> {
    #[cfg(target_os = "linux")]
    {
        let log = ProcessLog::default();
        let memory = Memory { process_watch: Some(log.clone()), ..Memory::default() };
        watcher::start(log, memory.clone(), clock, timing)?;
        Ok(memory)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (clock, timing);
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

/// Reads the source: what is gone since the last evaluation.
pub(crate) fn read(context: &Context) -> Read<Gone> {
    if !context.root.is_live() {
        return Err(Unread::unsupported("a copy of a machine runs nothing"));
    }
    let Some(log) = &context.memory.process_watch else {
        return Err(Unread::unsupported("seen only by the service, which watches between evaluations"));
    };
    if context.earlier.processes.is_empty() {
        return Err(Unread::unsupported(
            "processes were not read: what is gone cannot be told from what runs",
        ));
    }
    let (gone, summary, gaps) = log.take(&context.earlier.processes);
    Ok(Reading::with_gaps(gone, summary, gaps))
}
