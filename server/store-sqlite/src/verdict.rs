use bearing_protocol::id::DeviceId;
use bearing_store::{DeviceState, PlaceCount, StoreError, VerdictRow, Verdicts};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{col, instant_col, json, json_col, maybe_json_col, micros, unsigned, word_col},
    device::state_number,
    fault::fault,
};

const COLUMNS: &str = "device, verdict, evidence, posture, arithmetic, place, at";
const WHAT: &str = "write verdicts";
/// The rank from which on a verdict asks for no work.
const NO_WORK: i64 = 5;

/// Where a verdict stands in the queue.
pub(crate) fn rank(verdict: &str) -> i64 {
    match verdict {
        "escalate" => 0,
        "investigate" => 1,
        "review" => 2,
        "platform_incident" => 3,
        "not_assessed" => 4,
        _ => NO_WORK,
    }
}

fn verdict(row: &SqliteRow) -> Result<VerdictRow, StoreError> {
    Ok(VerdictRow {
        device: word_col(row, 0)?,
        verdict: col(row, 1)?,
        evidence: col(row, 2)?,
        posture: col(row, 3)?,
        arithmetic: json_col(row, 4)?,
        place: maybe_json_col(row, 5)?,
        at: instant_col(row, 6)?,
    })
}

async fn set(tx: &mut Transaction<'_, Sqlite>, new: &VerdictRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO verdict_history (device, verdict, evidence, posture, arithmetic, place, at) \
         SELECT device, verdict, evidence, posture, arithmetic, place, at FROM verdicts WHERE device = ?1 \
         AND (verdict <> ?2 OR evidence IS NOT ?3 OR posture <> ?4)",
    )
    .bind(new.device.as_str())
    .bind(&new.verdict)
    .bind(new.evidence)
    .bind(new.posture)
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    sqlx::query(
        "INSERT INTO verdicts (device, rank, verdict, evidence, posture, arithmetic, place, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET rank = excluded.rank, \
         verdict = excluded.verdict, evidence = excluded.evidence, posture = excluded.posture, \
         arithmetic = excluded.arithmetic, place = excluded.place, at = excluded.at",
    )
    .bind(new.device.as_str())
    .bind(rank(&new.verdict))
    .bind(&new.verdict)
    .bind(new.evidence)
    .bind(new.posture)
    .bind(json(&new.arithmetic)?)
    .bind(new.place.as_ref().map(json).transpose()?)
    .bind(micros(new.at))
    .execute(&mut **tx)
    .await
    .map_err(fault(WHAT))?;
    Ok(())
}

#[async_trait::async_trait]
impl Verdicts for SqliteStore {
    async fn set_verdict(&self, new: &VerdictRow) -> Result<(), StoreError> {
        self.set_verdicts(std::slice::from_ref(new)).await
    }

    async fn set_verdicts(&self, verdicts: &[VerdictRow]) -> Result<(), StoreError> {
        if verdicts.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin(WHAT).await?;
        for verdict in verdicts {
            set(&mut tx, verdict).await?;
        }
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn verdict(&self, device: &DeviceId) -> Result<Option<VerdictRow>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM verdicts WHERE device = ?"))
            .bind(device.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a verdict"))?
            .as_ref()
            .map(verdict)
            .transpose()
    }

    async fn verdict_history(&self, device: &DeviceId, limit: u32) -> Result<Vec<VerdictRow>, StoreError> {
        sqlx::query(&format!(
            "SELECT {COLUMNS} FROM verdict_history WHERE device = ? ORDER BY id DESC LIMIT ?"
        ))
        .bind(device.as_str())
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read a verdict's history"))?
        .iter()
        .map(verdict)
        .collect()
    }

    async fn verdict_queue(&self, limit: u32) -> Result<Vec<VerdictRow>, StoreError> {
        sqlx::query(&format!(
            "SELECT {COLUMNS} FROM verdicts WHERE rank < ? ORDER BY rank, evidence DESC, device LIMIT ?"
        ))
        .bind(NO_WORK)
        .bind(limit)
        .fetch_all(&self.readers)
        .await
        .map_err(fault("read the verdict queue"))?
        .iter()
        .map(verdict)
        .collect()
    }

    async fn place_counts(&self) -> Result<Vec<PlaceCount>, StoreError> {
        let what = "count place verdicts";
        let rows: Vec<(Option<String>, Option<String>, i64, i64)> = sqlx::query_as(
            "SELECT h.country, json_extract(v.place, '$.verdict'), count(*), sum(d.simulated) FROM verdicts v \
             CROSS JOIN devices d ON d.id = v.device LEFT JOIN heads h ON h.device = v.device WHERE d.state = ? \
             GROUP BY 1, 2 ORDER BY 1, 2",
        )
        .bind(state_number(DeviceState::Active))
        .fetch_all(&self.readers)
        .await
        .map_err(fault(what))?;
        rows.into_iter()
            .map(|(country, verdict, devices, simulated)| {
                let (devices, simulated) = (unsigned(devices)?, unsigned(simulated)?);
                Ok(PlaceCount { country, verdict, devices, simulated })
            })
            .collect()
    }
}
