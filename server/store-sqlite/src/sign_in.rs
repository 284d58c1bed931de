use bearing_store::{SignInRow, SignIns, StoreError};

use crate::{SqliteStore, column::micros, column::unsigned, fault::fault};

#[async_trait::async_trait]
impl SignIns for SqliteStore {
    async fn add_sign_ins(&self, rows: &[SignInRow]) -> Result<Vec<usize>, StoreError> {
        const WHAT: &str = "write sign-ins";
        let mut tx = self.begin(WHAT).await?;
        let mut added = Vec::new();
        for (position, row) in rows.iter().enumerate() {
            let done = sqlx::query(
                "INSERT INTO sign_ins (event, person, provider, at, family, digest, country, alt_country, asn, class) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event) DO NOTHING",
            )
            .bind(&row.event)
            .bind(&row.person)
            .bind(&row.provider)
            .bind(micros(row.at))
            .bind(i64::from(row.source.family))
            .bind(&row.source.digest)
            .bind(row.source.country.as_deref())
            .bind(row.source.alt_country.as_deref())
            .bind(row.source.asn)
            .bind(&row.source.class)
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
            if done.rows_affected() > 0 {
                added.push(position);
            }
        }
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(added)
    }

    async fn sign_in_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM sign_ins")
            .fetch_one(&self.readers)
            .await
            .map_err(fault("count sign-ins"))?;
        unsigned(count)
    }
}
