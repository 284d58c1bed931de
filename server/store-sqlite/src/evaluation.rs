use bearing_protocol::{
    Timestamp,
    envelope::Envelope,
    id::{DeviceId, EvaluationId},
};
use bearing_store::{ChallengeRow, EvaluationRow, EvaluationStatus, Evaluations, StoreError};
use sqlx::sqlite::SqliteRow;

use crate::{
    SqliteStore,
    column::{
        col, instant, instant_col, json, json_col, maybe_digest_col, maybe_instant_col, maybe_json_col,
        micros, unsigned, unsigned_col, word_col,
    },
    fault::{damaged, fault, is_duplicate},
};

const SELECT: &str = "SELECT e.id, e.name, e.created_by, e.created_at, e.deadline, e.scope, e.frozen_at, e.result, \
     (SELECT count(*) FROM challenges c WHERE c.evaluation = e.id), \
     (SELECT count(*) FROM challenges c WHERE c.evaluation = e.id AND c.digest IS NOT NULL) FROM evaluations e";
const CHALLENGE: &str = "c.evaluation, c.device, c.nonce, c.digest, c.sequence, c.answered_at";

fn evaluation(row: &SqliteRow) -> Result<EvaluationRow, StoreError> {
    Ok(EvaluationRow {
        id: word_col(row, 0)?,
        name: col(row, 1)?,
        created_by: col(row, 2)?,
        created_at: instant_col(row, 3)?,
        deadline: instant_col(row, 4)?,
        scope: json_col(row, 5)?,
        status: match maybe_instant_col(row, 6)? {
            Some(_) => EvaluationStatus::Frozen,
            None => EvaluationStatus::Running,
        },
        result: maybe_json_col(row, 7)?,
        devices: unsigned_col(row, 8)?,
        answered: unsigned_col(row, 9)?,
    })
}

fn challenge(row: &SqliteRow) -> Result<ChallengeRow, StoreError> {
    let answer = match (maybe_digest_col(row, 3)?, col::<Option<i64>>(row, 4)?, col::<Option<i64>>(row, 5)?) {
        (Some(digest), Some(sequence), Some(at)) => Some((digest, unsigned(sequence)?, instant(at)?)),
        _ => None,
    };
    Ok(ChallengeRow { evaluation: word_col(row, 0)?, device: word_col(row, 1)?, nonce: col(row, 2)?, answer })
}

#[async_trait::async_trait]
impl Evaluations for SqliteStore {
    async fn add_evaluation(
        &self,
        row: &EvaluationRow,
        challenges: &[ChallengeRow],
    ) -> Result<(), StoreError> {
        const WHAT: &str = "create an evaluation";
        let mut tx = self.begin(WHAT).await?;
        sqlx::query(
            "INSERT INTO evaluations (id, name, created_by, created_at, deadline, scope) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(row.id.as_str())
        .bind(&row.name)
        .bind(&row.created_by)
        .bind(micros(row.created_at))
        .bind(micros(row.deadline))
        .bind(json(&row.scope)?)
        .execute(&mut *tx)
        .await
        .map_err(|error| match is_duplicate(&error) {
            true => StoreError::Conflict(format!("evaluation `{}` exists already", row.id)),
            false => fault(WHAT)(error),
        })?;
        for challenge in challenges {
            sqlx::query("INSERT INTO challenges (evaluation, device, nonce) VALUES (?, ?, ?)")
                .bind(row.id.as_str())
                .bind(challenge.device.as_str())
                .bind(&challenge.nonce)
                .execute(&mut *tx)
                .await
                .map_err(fault(WHAT))?;
        }
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn evaluation(&self, id: &EvaluationId) -> Result<Option<EvaluationRow>, StoreError> {
        sqlx::query(&format!("{SELECT} WHERE e.id = ?"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read an evaluation"))?
            .as_ref()
            .map(evaluation)
            .transpose()
    }

    async fn evaluations(&self, limit: u32) -> Result<Vec<EvaluationRow>, StoreError> {
        sqlx::query(&format!("{SELECT} ORDER BY e.created_at DESC, e.id LIMIT ?"))
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read evaluations"))?
            .iter()
            .map(evaluation)
            .collect()
    }

    async fn challenges(&self, id: &EvaluationId) -> Result<Vec<ChallengeRow>, StoreError> {
        sqlx::query(&format!("SELECT {CHALLENGE} FROM challenges c WHERE c.evaluation = ? ORDER BY c.device"))
            .bind(id.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read challenges"))?
            .iter()
            .map(challenge)
            .collect()
    }

    async fn open_challenge(
        &self,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<Option<ChallengeRow>, StoreError> {
        sqlx::query(&format!(
            "SELECT {CHALLENGE} FROM challenges c JOIN evaluations e ON e.id = c.evaluation WHERE c.device = ? \
             AND c.digest IS NULL AND e.frozen_at IS NULL AND e.deadline > ? ORDER BY e.created_at, e.id LIMIT 1"
        ))
        .bind(device.as_str())
        .bind(micros(now))
        .fetch_optional(&self.readers)
        .await
        .map_err(fault("read a challenge"))?
        .as_ref()
        .map(challenge)
        .transpose()
    }

    async fn freeze_evaluation(
        &self,
        id: &EvaluationId,
        result: &Envelope,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        const WHAT: &str = "freeze an evaluation";
        let mut tx = self.begin(WHAT).await?;
        let frozen: Option<Option<i64>> =
            sqlx::query_scalar("SELECT frozen_at FROM evaluations WHERE id = ?")
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await
                .map_err(fault(WHAT))?;
        match frozen {
            None => return Err(StoreError::Conflict(format!("there is no evaluation `{id}`"))),
            Some(Some(_)) => {
                return Err(StoreError::Conflict(format!("evaluation `{id}` is frozen: its result stands")));
            }
            Some(None) => {}
        }
        sqlx::query("UPDATE evaluations SET frozen_at = ?, result = ? WHERE id = ?")
            .bind(micros(at))
            .bind(json(result)?)
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn due_evaluations(&self, now: Timestamp) -> Result<Vec<EvaluationId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT e.id FROM evaluations e WHERE e.frozen_at IS NULL AND (e.deadline <= ? OR NOT EXISTS \
             (SELECT 1 FROM challenges c WHERE c.evaluation = e.id AND c.digest IS NULL)) ORDER BY e.created_at, e.id",
        )
        .bind(micros(now))
        .fetch_all(&self.readers)
        .await
        .map_err(fault("look for due evaluations"))?;
        ids.iter().map(|id| id.parse().map_err(damaged("evaluation id"))).collect()
    }
}
