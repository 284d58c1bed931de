//! A batch of jobs: evaluations of many devices share a transaction, and their verdicts another.

use std::collections::BTreeMap;

use bearing_store::{Job, JobKind, Observed, StoreError};
use futures::{FutureExt as _, StreamExt as _};
use jiff::SignedDuration;
use tracing::warn;

use super::{Worker, retry::retry_at};
use crate::{
    cases,
    correlate::{self, CorrelateError, Judged},
};

/// Most jobs of one batch.
const BATCH: u32 = 128;
/// How many of them are read and judged at once; what they show is taken in their order.
const AT_ONCE: usize = 8;
/// How long a job that was taken is hidden from others.
const HIDDEN: SignedDuration = SignedDuration::from_secs(120);

/// A job that failed, and why.
struct Failed<'a> {
    job: &'a Job,
    why: String,
}

impl Worker {
    /// Takes and does one batch; how many jobs it had.
    ///
    /// # Errors
    /// Where the store cannot; the jobs come back by themselves.
    pub async fn work_once(&self) -> Result<usize, StoreError> {
        let store = &self.app.store;
        let now = self.app.clock.now();
        let jobs = store.take_jobs(BATCH, now, now.saturating_add(HIDDEN).unwrap_or(now)).await?;
        if jobs.is_empty() {
            return Ok(0);
        }
        let mut failed = Vec::new();
        let mut done: Vec<(&Job, Judged)> = Vec::new();
        let judging: Vec<_> = jobs.iter().map(|job| self.judge(job).boxed()).collect();
        let judged: Vec<_> = futures::stream::iter(judging).buffered(AT_ONCE).collect().await;
        for (job, judged) in jobs.iter().zip(judged) {
            // One after another, in their order: what a device may announce is counted.
            let judged = match judged {
                Ok(judged) if job.kind == JobKind::Trips => {
                    correlate::trips(&self.app, &job.device, job.sequence).await.map(|()| judged)
                }
                judged => judged,
            };
            match judged {
                Ok(judged) => done.push((job, judged)),
                Err(CorrelateError::Store(error)) if passes(&error) => return Err(error),
                Err(error) => failed.push(Failed { job, why: chain(&error) }),
            }
        }
        let all: Vec<Observed> = done.iter().flat_map(|(_, judged)| judged.observed.clone()).collect();
        if let Err(error) = store.observe_all(&all).await {
            // One of them may be to blame: each by itself, so that it holds up nobody else.
            warn!(
                error = &error as &dyn std::error::Error,
                "a batch of evaluations was refused: trying one by one"
            );
            let mut left = Vec::new();
            for (job, judged) in done {
                match store.observe_all(&judged.observed).await {
                    Ok(_) => left.push((job, judged)),
                    Err(error) => failed.push(Failed { job, why: chain(&error) }),
                }
            }
            done = left;
        }
        let links: Vec<_> = done.iter_mut().filter_map(|(_, judged)| judged.links.take()).collect();
        store.take_links(&links).await?;
        let farm: Vec<_> = done
            .iter()
            .filter(|(job, _)| job.kind == JobKind::Farm)
            .map(|(job, _)| job.device.clone())
            .collect();
        store.observe_all(&correlate::farm::look(&self.app, &farm, now).await?).await?;
        let mut places = BTreeMap::new();
        for (job, judged) in &mut done {
            let job: &Job = job;
            let place = places.entry(&job.device).or_insert(None);
            *place = judged.place.take().or_else(|| place.take());
        }
        let mut verdicts = Vec::with_capacity(places.len());
        let mut unjudged = BTreeMap::new();
        for (device, place) in places {
            match correlate::verdict(&self.app, device, place, now).await {
                Ok(verdict) => verdicts.push(verdict),
                Err(error) if passes(&error) => return Err(error),
                Err(error) => drop(unjudged.insert(device, chain(&error))),
            }
        }
        done.retain(|(job, _)| match unjudged.get(&job.device) {
            Some(why) => {
                failed.push(Failed { job, why: why.clone() });
                false
            }
            None => true,
        });
        store.set_verdicts(&verdicts).await?;
        cases::follow(&self.app, &verdicts, now).await?;
        store.finish_jobs(&done.iter().map(|(job, _)| job.id).collect::<Vec<_>>()).await?;
        for Failed { job, why } in failed {
            warn!(device.id = %job.device, job.kind = ?job.kind, job.sequence, job.attempts, "a job failed: {why}");
            store.fail_job(job.id, retry_at(now, job.attempts), &why).await?;
        }
        metrics::counter!("bearing_jobs_total").increment(jobs.len() as u64);
        Ok(jobs.len())
    }

    async fn judge(&self, job: &Job) -> Result<Judged, CorrelateError> {
        let app = &self.app;
        let observed = match job.kind {
            JobKind::Correlate => return correlate::report(app, &job.device, job.sequence).await,
            JobKind::Chain => correlate::chain(app, &job.device, job.sequence).await?,
            JobKind::Fork => correlate::fork(&job.device, job.sequence, job.enqueued_at),
            JobKind::Farm | JobKind::Trips => Vec::new(),
            JobKind::Verdict => correlate::silence_ended(app, &job.device, &self.silence).await?,
        };
        Ok(Judged { observed, place: None, links: None })
    }
}

/// Whether an error is the store's state, which passes, and not one job's.
const fn passes(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable { .. } | StoreError::Full)
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
