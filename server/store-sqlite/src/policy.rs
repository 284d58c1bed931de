use bearing_store::{Policies, PolicyRow, StoreError};
use sqlx::sqlite::SqliteRow;

use crate::{
    SqliteStore,
    column::{col, instant_col, json, json_col, micros, signed, unsigned_col, word_col},
    fault::fault,
};

const COLUMNS: &str = "version, name, digest, envelope, groups, published_by, published_at";

fn policy(row: &SqliteRow) -> Result<PolicyRow, StoreError> {
    Ok(PolicyRow {
        version: unsigned_col(row, 0)?,
        name: col(row, 1)?,
        digest: word_col(row, 2)?,
        envelope: json_col(row, 3)?,
        groups: json_col(row, 4)?,
        published_by: col(row, 5)?,
        published_at: instant_col(row, 6)?,
    })
}

#[async_trait::async_trait]
impl Policies for SqliteStore {
    async fn publish_policy(&self, policy: &PolicyRow) -> Result<(), StoreError> {
        const WHAT: &str = "publish a policy";
        let mut tx = self.begin(WHAT).await?;
        let highest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM policies")
            .fetch_one(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        if let Some(highest) = highest.filter(|highest| *highest >= signed(policy.version)) {
            return Err(StoreError::Conflict(format!(
                "policy version {} is not above {highest}, the highest published: a version never goes back",
                policy.version
            )));
        }
        sqlx::query(
            "INSERT INTO policies (version, name, digest, envelope, groups, published_by, published_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(signed(policy.version))
        .bind(&policy.name)
        .bind(policy.digest.to_string())
        .bind(json(&policy.envelope)?)
        .bind(json(&policy.groups)?)
        .bind(&policy.published_by)
        .bind(micros(policy.published_at))
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn policy_for(&self, group: &str) -> Result<Option<PolicyRow>, StoreError> {
        sqlx::query(&format!(
            "SELECT {COLUMNS} FROM policies WHERE groups = '[]' \
             OR EXISTS (SELECT 1 FROM json_each(policies.groups) WHERE json_each.value = ?) \
             ORDER BY version DESC LIMIT 1"
        ))
        .bind(group)
        .fetch_optional(&self.readers)
        .await
        .map_err(fault("read a policy"))?
        .as_ref()
        .map(policy)
        .transpose()
    }

    async fn policies(&self) -> Result<Vec<PolicyRow>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM policies ORDER BY version DESC"))
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read policies"))?
            .iter()
            .map(policy)
            .collect()
    }
}
