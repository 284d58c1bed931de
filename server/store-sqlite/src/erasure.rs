use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{Erased, Erasure, JobKind, StoreError};
use sqlx::{Sqlite, Transaction};

use crate::{
    SqliteStore,
    column::{col, unsigned, word_col},
    fault::fault,
    job::enqueue_in,
    person::RESOLVED,
};

const WHAT: &str = "erase a person";

/// What goes of each device, beside the values of its messages.
const OF_DEVICE: [&str; 6] = [
    "DELETE FROM sightings WHERE device = ?",
    "DELETE FROM source_addresses WHERE device = ?",
    "DELETE FROM round_trips WHERE device = ?",
    "DELETE FROM verdict_history WHERE device = ?",
    "UPDATE verdicts SET place = NULL WHERE device = ?",
    "UPDATE findings SET body = json_set(body, '$.evidence', json('[]')) WHERE device = ?",
];

/// Runs one statement with one text; how many rows it touched.
async fn with(tx: &mut Transaction<'_, Sqlite>, sql: &'static str, text: &str) -> Result<u64, StoreError> {
    Ok(sqlx::query(sql).bind(text).execute(&mut **tx).await.map_err(fault(WHAT))?.rows_affected())
}

#[async_trait::async_trait]
impl Erasure for SqliteStore {
    async fn erase_person(&self, person: &str, at: Timestamp) -> Result<Option<Erased>, StoreError> {
        let mut tx = self.begin(WHAT).await?;
        let devices: Vec<DeviceId> =
            sqlx::query(&format!("SELECT DISTINCT id FROM ({RESOLVED}) WHERE person = ? ORDER BY id"))
                .bind(person)
                .fetch_all(&mut *tx)
                .await
                .map_err(fault(WHAT))?
                .iter()
                .map(|row| word_col(row, 0))
                .collect::<Result<_, _>>()?;
        let mut erased = Erased::default();
        for device in &devices {
            let id = device.as_str();
            erased.messages += with(
                &mut tx,
                "UPDATE messages SET disclosures = '[]' WHERE device = ? AND disclosures <> '[]'",
                id,
            )
            .await?;
            erased.trips += with(&mut tx, "DELETE FROM trips WHERE device = ?", id).await?;
            for sql in OF_DEVICE {
                with(&mut tx, sql, id).await?;
            }
            let last =
                sqlx::query("SELECT last_report FROM heads WHERE device = ? AND last_report IS NOT NULL")
                    .bind(id)
                    .fetch_optional(&mut *tx)
                    .await
                    .map_err(fault(WHAT))?;
            if let Some(row) = last {
                enqueue_in(&mut tx, JobKind::Correlate, id, unsigned(col(&row, 0)?)?, at).await?;
            }
        }
        erased.trips += with(&mut tx, "DELETE FROM trips WHERE person = ?", person).await?;
        erased.sign_ins = with(&mut tx, "DELETE FROM sign_ins WHERE person = ?", person).await?;
        with(&mut tx, "DELETE FROM person_devices WHERE person = ?", person).await?;
        with(&mut tx, "DELETE FROM person_names WHERE person = ?", person).await?;
        if with(&mut tx, "DELETE FROM people WHERE id = ?", person).await? == 0 {
            return Ok(None);
        }
        tx.commit().await.map_err(fault(WHAT))?;
        erased.devices = devices;
        Ok(Some(erased))
    }
}
