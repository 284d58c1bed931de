//! One thread that reads sources, replaced when one hangs. It gives up the network and writing before it
//! reads anything.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

use crate::sandbox::{Reads, confine_reader};

/// How a task ended.
pub(super) enum Ended<T> {
    /// With an answer.
    Done(T),
    /// Not within its deadline: its thread is left to itself.
    Late,
    /// With a panic, whose message this is.
    Panicked(String),
    /// It never began.
    NoThread(io::Error),
}

type Task<T> = Box<dyn FnOnce() -> T + Send>;
/// Our ends of the channels to the thread and back.
type Ends<T> = (Sender<Task<T>>, Receiver<Result<T, String>>);

/// The thread, started when it is first needed.
pub(super) struct Worker<T> {
    reads: Reads,
    thread: Option<Ends<T>>,
}

impl<T: Send + 'static> Worker<T> {
    pub(super) fn new(reads: Reads) -> Self {
        Self { reads, thread: None }
    }

    /// Runs a task and waits at most `limit` for it.
    pub(super) fn run(&mut self, limit: Duration, task: impl FnOnce() -> T + Send + 'static) -> Ended<T> {
        let (tasks, answers) = match self.thread.take() {
            Some(thread) => thread,
            None => match start(self.reads) {
                Ok(thread) => thread,
                Err(error) => return Ended::NoThread(error),
            },
        };
        if tasks.send(Box::new(task)).is_err() {
            return Ended::Panicked("the reading thread ended".to_owned());
        }
        match answers.recv_timeout(limit) {
            Ok(answer) => {
                self.thread = Some((tasks, answers));
                match answer {
                    Ok(value) => Ended::Done(value),
                    Err(message) => Ended::Panicked(message),
                }
            }
            Err(RecvTimeoutError::Timeout) => Ended::Late,
            Err(RecvTimeoutError::Disconnected) => Ended::Panicked("the reading thread ended".to_owned()),
        }
    }
}

fn start<T: Send + 'static>(reads: Reads) -> io::Result<Ends<T>> {
    let (tasks, incoming) = channel::<Task<T>>();
    let (outgoing, answers) = channel();
    thread::Builder::new().name("collector".to_owned()).spawn(move || {
        // Where the system has no such filter it reads all the same: the service reports what it gave up.
        let _ = confine_reader(reads);
        for task in incoming {
            let answer = catch_unwind(AssertUnwindSafe(task)).map_err(|cause| message(&*cause));
            if outgoing.send(answer).is_err() {
                return;
            }
        }
    })?;
    Ok((tasks, answers))
}

fn message(cause: &(dyn Any + Send)) -> String {
    cause
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}
