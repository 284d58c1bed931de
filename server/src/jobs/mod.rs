//! The worker: takes jobs, does them, and looks after what only time brings (silence, expiry, deadlines).
//!
//! Always: a job is safe to do twice; one that fails waits longer each time and holds up nobody else.

mod batch;
pub mod retention;
mod retry;
mod sweep;
mod tables;

use std::{sync::Arc, time::Duration};

pub use tables::watch_tables;
use tokio::sync::{Notify, watch};
use tracing::error;

use crate::{app::App, config::Silence};

/// How long the worker sleeps where nobody wakes it.
const IDLE: Duration = Duration::from_secs(1);
/// How often it looks after what only time brings.
const SWEEP: Duration = Duration::from_secs(15);

/// The worker.
pub struct Worker {
    app: App,
    silence: Silence,
    committed: Arc<Notify>,
    forgotten_at: tokio::sync::Mutex<Option<bearing_protocol::Timestamp>>,
}

impl Worker {
    /// A worker; `committed` wakes it.
    pub fn new(app: App, silence: Silence, committed: Arc<Notify>) -> Self {
        Self { app, silence, committed, forgotten_at: tokio::sync::Mutex::default() }
    }

    /// Works until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut next_sweep = tokio::time::Instant::now();
        while !*stop.borrow() {
            if tokio::time::Instant::now() >= next_sweep {
                self.sweep().await;
                next_sweep = tokio::time::Instant::now() + SWEEP;
            }
            match self.work_once().await {
                Ok(0) => {
                    tokio::select! {
                        () = self.committed.notified() => {}
                        () = tokio::time::sleep(IDLE) => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                }
                Ok(_) => {}
                Err(failed) => {
                    error!(error = &failed as &dyn std::error::Error, "jobs cannot be done right now");
                    tokio::select! {
                        () = tokio::time::sleep(IDLE) => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                }
            }
        }
    }
}
