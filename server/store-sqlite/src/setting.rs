use std::path::Path;

use bearing_store::{Store, StoreError};

use crate::{SqliteStore, fault::fault};

#[async_trait::async_trait]
impl Store for SqliteStore {
    async fn ready(&self) -> Result<(), StoreError> {
        const WHAT: &str = "read and commit";
        sqlx::query("SELECT count(*) FROM settings").execute(&self.readers).await.map_err(fault(WHAT))?;
        let mut tx = self.begin(WHAT).await?;
        sqlx::query("INSERT INTO settings (name, value) VALUES ('ready', '1') ON CONFLICT (name) DO UPDATE SET value = excluded.value")
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("SELECT value FROM settings WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a setting"))
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&self.writer)
        .await
        .map_err(fault("write a setting"))?;
        Ok(())
    }

    async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        if path.exists() {
            return Err(StoreError::Conflict(format!(
                "`{}` exists already: a backup never overwrites",
                path.display()
            )));
        }
        // On the writer: readers are query_only, which VACUUM INTO does not pass.
        sqlx::query("VACUUM INTO ?")
            .bind(path.to_string_lossy().into_owned())
            .execute(&self.writer)
            .await
            .map_err(fault("write a backup"))?;
        Ok(())
    }
}
