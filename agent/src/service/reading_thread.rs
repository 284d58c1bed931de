//! The thread that reads the machine, apart from the one that talks to the server.
//!
//! Always: it is started before the talking thread gives up writing, because the kernel hides other processes from who
//! lives under such a rule; a job that panics ends that job and not the thread.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one job after the other.
#[derive(Debug)]
pub struct ReadingThread {
    jobs: mpsc::Sender<Job>,
}

impl ReadingThread {
    /// Starts it.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start() -> io::Result<Self> {
        let (jobs, incoming) = mpsc::channel::<Job>();
        thread::Builder::new().name("reading".to_owned()).spawn(move || {
            for job in incoming {
                // The answer's channel closes, and that is what the other side hears of it.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        })?;
        Ok(Self { jobs })
    }

    /// Does `work` there. The answer's channel closes without an answer where it panics.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (answer, receiver) = oneshot::channel();
        let job = Box::new(move || {
            let _ = answer.send(work());
        });
        // A thread that is gone drops the job, and with it the answer's channel.
        let _ = self.jobs.send(job);
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_ends_alone() {
        let thread = ReadingThread::start().unwrap();
        let broken = thread.run(|| assert_eq!(1, 2, "this job breaks"));
        let whole = thread.run(|| 7);
        assert!(broken.await.is_err());
        assert_eq!(whole.await.unwrap(), 7);
    }
}
