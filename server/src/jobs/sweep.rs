//! What only time brings: devices fall silent, approvals expire, evaluations are due.

use bearing_store::StoreError;
use tracing::{error, info};

use super::Worker;
use crate::{correlate, evaluations};

/// Most devices whose silence becomes a finding in one sweep.
const MAX_SILENT: u32 = 500;
/// Most devices that are looked at again, for what they share, in one sweep.
const MAX_LOOKS: u32 = 500;

impl Worker {
    /// Looks after all of it; what fails is logged and tried again at the next sweep.
    pub async fn sweep(&self) {
        if let Err(failed) = self.note_silence().await {
            error!(error = &failed as &dyn std::error::Error, "silent devices could not be looked for");
        }
        let now = self.app.clock.now();
        match self.app.store.expire_approvals(now).await {
            Ok(0) => {}
            Ok(reopened) => info!(reopened, "approvals expired"),
            Err(failed) => {
                error!(error = &failed as &dyn std::error::Error, "approvals could not be expired");
            }
        }
        if let Err(failed) = evaluations::freeze_due(&self.app, now).await {
            error!(error = &failed as &dyn std::error::Error, "due evaluations could not be frozen");
        }
        if let Err(failed) = self.app.store.enqueue_due_looks(now, MAX_LOOKS).await {
            error!(error = &failed as &dyn std::error::Error, "due looks at groups could not be enqueued");
        }
        if let Err(failed) = self.forget().await {
            error!(
                error = &failed as &dyn std::error::Error,
                "what may be kept no longer could not be forgotten"
            );
        }
        match self.app.store.job_backlog().await {
            Ok((waiting, oldest)) => {
                let age = oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
                metrics::gauge!("bearing_jobs_waiting").set(waiting as f64);
                metrics::gauge!("bearing_jobs_oldest_seconds").set(age);
            }
            Err(failed) => error!(error = &failed as &dyn std::error::Error, "jobs could not be counted"),
        }
    }

    /// Makes findings (AT-01) of devices that are silent for longer than they may be.
    async fn note_silence(&self) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        let grace = self.silence.grace_minutes.saturating_mul(60);
        let overdue = self.app.store.overdue(now, grace, MAX_SILENT).await?;
        let observed: Vec<_> = overdue
            .iter()
            .filter(|device| correlate::is_silent(device, now, &self.silence))
            .map(|device| correlate::silence(device, now))
            .collect();
        if !observed.is_empty() {
            info!(devices = observed.len(), "devices fell silent");
            self.app.store.observe_all(&observed).await?;
        }
        Ok(())
    }
}
