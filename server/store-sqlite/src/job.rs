use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{Job, JobKind, Jobs, StoreError};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{col, instant, instant_col, json, micros, signed, unsigned, unsigned_col, word_col},
    fault::fault,
};

/// Longest error text that is kept with a failed job, in bytes.
const MAX_ERROR_BYTES: usize = 1_000;
/// A job that somebody has taken already may have read what is older than this: it gets a new number, so that
/// finishing it leaves the new one.
const ENQUEUE: &str = "INSERT INTO jobs (kind, device, sequence, enqueued_at, run_at) VALUES (?, ?, ?, ?, ?) \
     ON CONFLICT (kind, device, sequence) DO UPDATE SET id = (SELECT max(id) + 1 FROM jobs), attempts = 0, \
     enqueued_at = excluded.enqueued_at, run_at = excluded.run_at WHERE attempts > 0";

pub(crate) const fn kind_number(kind: JobKind) -> i64 {
    match kind {
        JobKind::Correlate => 0,
        JobKind::Fork => 1,
        JobKind::Chain => 2,
        JobKind::Verdict => 3,
        JobKind::Farm => 4,
        JobKind::Trips => 5,
    }
}

fn kind_of(number: i64) -> Result<JobKind, StoreError> {
    match number {
        0 => Ok(JobKind::Correlate),
        1 => Ok(JobKind::Fork),
        2 => Ok(JobKind::Chain),
        3 => Ok(JobKind::Verdict),
        4 => Ok(JobKind::Farm),
        5 => Ok(JobKind::Trips),
        _ => Err(StoreError::Damaged { what: "job", source: format!("kind {number}").into() }),
    }
}

fn job(row: &SqliteRow) -> Result<Job, StoreError> {
    Ok(Job {
        id: col(row, 0)?,
        kind: kind_of(col(row, 1)?)?,
        device: word_col(row, 2)?,
        sequence: unsigned_col(row, 3)?,
        enqueued_at: instant_col(row, 4)?,
        attempts: col(row, 5)?,
    })
}

/// Enqueues in a transaction that makes the work necessary.
pub(crate) async fn enqueue_in(
    tx: &mut Transaction<'_, Sqlite>,
    kind: JobKind,
    device: &str,
    sequence: u64,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(ENQUEUE)
        .bind(kind_number(kind))
        .bind(device)
        .bind(signed(sequence))
        .bind(micros(at))
        .bind(micros(at))
        .execute(&mut **tx)
        .await
        .map_err(fault("enqueue a job"))?;
    Ok(())
}

#[async_trait::async_trait]
impl Jobs for SqliteStore {
    async fn enqueue(
        &self,
        kind: JobKind,
        device: &DeviceId,
        sequence: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin("enqueue a job").await?;
        enqueue_in(&mut tx, kind, device.as_str(), sequence, at).await?;
        tx.commit().await.map_err(fault("enqueue a job"))
    }

    async fn take_jobs(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(
            "UPDATE jobs SET run_at = ?1, attempts = attempts + 1 \
             WHERE id IN (SELECT id FROM jobs WHERE run_at <= ?2 ORDER BY id LIMIT ?3) \
             RETURNING id, kind, device, sequence, enqueued_at, attempts - 1",
        )
        .bind(micros(until))
        .bind(micros(now))
        .bind(limit)
        .fetch_all(&self.writer)
        .await
        .map_err(fault("take jobs"))?;
        let mut jobs = rows.iter().map(job).collect::<Result<Vec<_>, _>>()?;
        jobs.sort_by_key(|job| job.id);
        Ok(jobs)
    }

    async fn finish_jobs(&self, ids: &[i64]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        sqlx::query("DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json(&ids)?)
            .execute(&self.writer)
            .await
            .map_err(fault("finish jobs"))?;
        Ok(())
    }

    async fn fail_job(&self, id: i64, retry_at: Timestamp, error: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE jobs SET run_at = ?, error = ? WHERE id = ?")
            .bind(micros(retry_at))
            .bind(bearing_protocol::text::truncate(error, MAX_ERROR_BYTES))
            .bind(id)
            .execute(&self.writer)
            .await
            .map_err(fault("put a job back"))?;
        Ok(())
    }

    async fn job_backlog(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let (count, oldest): (i64, Option<i64>) =
            sqlx::query_as("SELECT count(*), min(enqueued_at) FROM jobs")
                .fetch_one(&self.readers)
                .await
                .map_err(fault("count jobs"))?;
        Ok((unsigned(count)?, oldest.map(instant).transpose()?))
    }
}
