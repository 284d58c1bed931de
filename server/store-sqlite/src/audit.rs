use bearing_protocol::digest::Digest;
use bearing_store::{AuditEntry, AuditLog, StoreError};
use sqlx::sqlite::SqliteRow;

use crate::{
    SqliteStore,
    column::{col, instant, instant_col, json, json_col, micros, signed, unsigned, unsigned_col, word_col},
    fault::fault,
};

/// How many entries are read at a time while the chain is walked.
const WALK: i64 = 1_000;
const COLUMNS: &str = "number, at, actor, action, object, detail, chain";

fn entry(row: &SqliteRow) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        number: unsigned_col(row, 0)?,
        at: instant_col(row, 1)?,
        actor: col(row, 2)?,
        action: col(row, 3)?,
        object: col(row, 4)?,
        detail: json_col(row, 5)?,
        chain: Some(word_col::<Digest>(row, 6)?),
    })
}

#[async_trait::async_trait]
impl AuditLog for SqliteStore {
    async fn audit(&self, new: &AuditEntry) -> Result<AuditEntry, StoreError> {
        const WHAT: &str = "append to the audit log";
        let mut tx = self.begin(WHAT).await?;
        let last: Option<(i64, String)> =
            sqlx::query_as("SELECT number, chain FROM audit ORDER BY number DESC LIMIT 1")
                .fetch_optional(&mut *tx)
                .await
                .map_err(fault(WHAT))?;
        let before: Option<Digest> = last
            .as_ref()
            .map(|(_, chain)| chain.parse().map_err(crate::fault::damaged("audit chain")))
            .transpose()?;
        let mut entry = new.clone();
        entry.number = unsigned(last.map_or(0, |(number, _)| number))? + 1;
        entry.at = instant(micros(new.at))?; // the digest covers what is kept
        let chain = entry.chain_after(before.as_ref());
        entry.chain = Some(chain);
        sqlx::query(
            "INSERT INTO audit (number, at, actor, action, object, detail, chain) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(signed(entry.number))
        .bind(micros(entry.at))
        .bind(&entry.actor)
        .bind(&entry.action)
        .bind(&entry.object)
        .bind(json(&entry.detail)?)
        .bind(chain.to_string())
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(entry)
    }

    async fn audit_entries(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM audit WHERE number < ? ORDER BY number DESC LIMIT ?"))
            .bind(before.map_or(i64::MAX, signed))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read the audit log"))?
            .iter()
            .map(entry)
            .collect()
    }

    async fn verify_audit(&self) -> Result<Result<u64, u64>, StoreError> {
        let mut before: Option<Digest> = None;
        let mut count = 0;
        loop {
            let rows =
                sqlx::query(&format!("SELECT {COLUMNS} FROM audit WHERE number > ? ORDER BY number LIMIT ?"))
                    .bind(signed(count))
                    .bind(WALK)
                    .fetch_all(&self.readers)
                    .await
                    .map_err(fault("read the audit log"))?;
            if rows.is_empty() {
                return Ok(Ok(count));
            }
            for row in &rows {
                let Ok(entry) = entry(row) else { return Ok(Err(count + 1)) };
                if entry.number != count + 1 || entry.chain != Some(entry.chain_after(before.as_ref())) {
                    return Ok(Err(count + 1));
                }
                before = entry.chain;
                count += 1;
            }
        }
    }
}
