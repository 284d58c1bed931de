use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{
    Date, JobKind, MAX_PAGE, Page, PageRequest, People as _, StoreError, TripDecision, TripFilter, TripRow,
    TripState, Trips, days_at,
};
use sqlx::{QueryBuilder, Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{
        col, cursor, instant, instant_col, json, json_col, maybe_instant_col, micros, read_cursor,
        serde_word_col, unsigned, word_col,
    },
    fault::fault,
    job::enqueue_in,
    person::RESOLVED,
};

const COLUMNS: &str = "id, device, person, countries, from_day, until_day, announced_by, announced_at, state, \
     decided_by, decided_at, reason";

fn trip(row: &SqliteRow) -> Result<TripRow, StoreError> {
    Ok(TripRow {
        id: col(row, 0)?,
        device: word_col(row, 1)?,
        person: col(row, 2)?,
        countries: json_col(row, 3)?,
        from: word_col(row, 4)?,
        until: word_col(row, 5)?,
        announced_by: col(row, 6)?,
        announced_at: instant_col(row, 7)?,
        state: serde_word_col(row, 8)?,
        decided_by: col(row, 9)?,
        decided_at: maybe_instant_col(row, 10)?,
        reason: col(row, 11)?,
    })
}

/// Has the last reports of the devices that a trip counts for judged again.
async fn judge_again(
    tx: &mut Transaction<'_, Sqlite>,
    device: &str,
    person: Option<&str>,
) -> Result<(), StoreError> {
    const WHAT: &str = "judge a trip's devices again";
    let rows = sqlx::query(&format!(
        "SELECT h.device, h.last_report, h.report_at FROM heads h \
         WHERE (h.device = ?1 OR h.device IN (SELECT id FROM ({RESOLVED}) WHERE person = ?2)) \
         AND h.last_report IS NOT NULL AND h.report_at IS NOT NULL"
    ))
    .bind(device)
    .bind(person)
    .fetch_all(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    for row in &rows {
        enqueue_in(tx, JobKind::Correlate, col(row, 0)?, unsigned(col(row, 1)?)?, instant(col(row, 2)?)?)
            .await?;
    }
    Ok(())
}

/// Writes a trip; whether that changed something.
async fn put(tx: &mut Transaction<'_, Sqlite>, row: &TripRow) -> Result<bool, StoreError> {
    const WHAT: &str = "write a trip";
    let done = sqlx::query(
        "INSERT INTO trips (id, device, person, countries, from_day, until_day, announced_by, announced_at, state, \
         decided_by, decided_at, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, decided_by = excluded.decided_by, \
         decided_at = excluded.decided_at, reason = excluded.reason \
         WHERE excluded.state = 'withdrawn' AND state <> 'withdrawn'",
    )
    .bind(&row.id)
    .bind(row.device.as_str())
    .bind(&row.person)
    .bind(json(&row.countries)?)
    .bind(row.from.to_string())
    .bind(row.until.to_string())
    .bind(&row.announced_by)
    .bind(micros(row.announced_at))
    .bind(row.state.as_str())
    .bind(&row.decided_by)
    .bind(row.decided_at.map(micros))
    .bind(&row.reason)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(done.rows_affected() > 0)
}

#[async_trait::async_trait]
impl Trips for SqliteStore {
    async fn put_trips(&self, rows: &[TripRow]) -> Result<Vec<usize>, StoreError> {
        const WHAT: &str = "write trips";
        let mut tx = self.begin(WHAT).await?;
        let mut changed = Vec::new();
        for (position, row) in rows.iter().enumerate() {
            if put(&mut tx, row).await? {
                judge_again(&mut tx, row.device.as_str(), row.person.as_deref()).await?;
                changed.push(position);
            }
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(changed)
    }

    async fn decide_trip(&self, id: &str, decision: &TripDecision) -> Result<Option<TripRow>, StoreError> {
        const WHAT: &str = "decide on a trip";
        let mut tx = self.begin(WHAT).await?;
        let row = sqlx::query(&format!("SELECT {COLUMNS} FROM trips WHERE id = ?"))
            .bind(id)
            .fetch_optional(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        let Some(row) = row else { return Ok(None) };
        let before = trip(&row)?;
        if before.state == TripState::Withdrawn {
            return Err(StoreError::Conflict(format!("trip {id} was withdrawn: there is nothing to decide")));
        }
        let after = TripRow {
            state: decision.state,
            decided_by: Some(decision.by.clone()),
            decided_at: Some(decision.at),
            reason: Some(decision.reason.clone()),
            ..before
        };
        sqlx::query("UPDATE trips SET state = ?, decided_by = ?, decided_at = ?, reason = ? WHERE id = ?")
            .bind(after.state.as_str())
            .bind(&after.decided_by)
            .bind(micros(decision.at))
            .bind(&after.reason)
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        judge_again(&mut tx, after.device.as_str(), after.person.as_deref()).await?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(Some(after))
    }

    async fn trip(&self, id: &str) -> Result<Option<TripRow>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM trips WHERE id = ?"))
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a trip"))?
            .as_ref()
            .map(trip)
            .transpose()
    }

    async fn trips(&self, filter: &TripFilter, page: &PageRequest) -> Result<Page<TripRow>, StoreError> {
        let limit = page.limit.clamp(1, MAX_PAGE);
        let mut sql = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM trips WHERE 1 = 1"));
        if let Some(device) = &filter.device {
            sql.push(" AND device = ").push_bind(device.as_str());
        }
        if let Some(state) = filter.state {
            sql.push(" AND state = ").push_bind(state.as_str());
        }
        if let Some(day) = filter.not_before {
            sql.push(" AND until_day >= ").push_bind(day.to_string());
        }
        if let Some(after) = &page.after {
            let (at, id) = read_cursor::<(i64, String)>(after)?;
            sql.push(" AND (announced_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
        }
        sql.push(" ORDER BY announced_at DESC, id DESC LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = sql.build().fetch_all(&self.readers).await.map_err(fault("read trips"))?;
        let items = rows.iter().take(limit as usize).map(trip).collect::<Result<Vec<_>, _>>()?;
        let next = match items.last() {
            Some(last) if rows.len() > limit as usize => {
                Some(cursor(&(micros(last.announced_at), &last.id))?)
            }
            _ => None,
        };
        Ok(Page { items, next, total: None })
    }

    async fn trips_of(&self, device: &DeviceId, now: Timestamp) -> Result<Vec<TripRow>, StoreError> {
        let (earliest, latest) = days_at(now);
        let person = self.workers(std::slice::from_ref(device)).await?.remove(device);
        sqlx::query(&format!(
            "SELECT {COLUMNS} FROM trips WHERE (device = ?1 OR person = ?2) AND from_day <= ?3 AND until_day >= ?4 \
             AND countries <> '[]' ORDER BY from_day, id"
        ))
        .bind(device.as_str())
        .bind(person)
        .bind(latest.to_string())
        .bind(earliest.to_string())
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read a device's trips"))?
        .iter()
        .map(trip)
        .collect()
    }

    async fn trips_since(&self, device: &DeviceId, since: Timestamp) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM trips WHERE device = ? AND announced_at >= ?")
                .bind(device.as_str())
                .bind(micros(since))
                .fetch_one(&self.readers)
                .await
                .map_err(fault("count a device's trips"))?;
        unsigned(count)
    }

    async fn forget_trips(&self, before: Date) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM trips WHERE until_day < ?")
            .bind(before.to_string())
            .execute(&self.writer)
            .await
            .map_err(fault("forget trips"))?;
        Ok(done.rows_affected())
    }
}
