use bearing_protocol::{
    Timestamp,
    id::{DeviceId, TokenId},
};
use bearing_store::{DeviceState, NewDevice, NewToken, StoreError, TokenRefusal, TokenRow, Tokens};
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::{
    SqliteStore,
    column::{col, instant, instant_col, maybe_instant_col, maybe_word_col, micros, serde_word, word_col},
    device::{DEFAULT_CHECKIN_SECONDS, state_number},
    fault::{damaged, fault, is_duplicate},
};

const COLUMNS: &str = "id, secret_hash, device_group, max_uses, expires_at, needs_approval, simulated, created_by, created_at, \
     uses, last_use_at, last_use_device, last_use_hostname, revoked_at";

fn token(row: &SqliteRow) -> Result<TokenRow, StoreError> {
    let last_use_at = maybe_instant_col(row, 10)?;
    let last_use_device: Option<DeviceId> = maybe_word_col(row, 11)?;
    Ok(TokenRow {
        token: NewToken {
            id: word_col(row, 0)?,
            secret_hash: col(row, 1)?,
            group: col(row, 2)?,
            max_uses: col(row, 3)?,
            expires_at: instant_col(row, 4)?,
            needs_approval: col(row, 5)?,
            simulated: col(row, 6)?,
            created_by: col(row, 7)?,
            created_at: instant_col(row, 8)?,
        },
        uses: col(row, 9)?,
        last_use: last_use_at
            .zip(last_use_device)
            .map(|(at, device)| {
                Ok::<_, StoreError>((at, device, col::<Option<String>>(row, 12)?.unwrap_or_default()))
            })
            .transpose()?,
        revoked_at: maybe_instant_col(row, 13)?,
    })
}

#[async_trait::async_trait]
impl Tokens for SqliteStore {
    async fn add_token(&self, token: &NewToken) -> Result<(), StoreError> {
        if token.max_uses == 0 {
            return Err(StoreError::Conflict(
                "a token that no device may use is no token: at least 1 use".to_owned(),
            ));
        }
        sqlx::query(
            "INSERT INTO tokens (id, secret_hash, device_group, max_uses, expires_at, needs_approval, simulated, \
             created_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(token.id.as_str())
        .bind(&token.secret_hash)
        .bind(&token.group)
        .bind(token.max_uses)
        .bind(micros(token.expires_at))
        .bind(token.needs_approval)
        .bind(token.simulated)
        .bind(&token.created_by)
        .bind(micros(token.created_at))
        .execute(&self.writer)
        .await
        .map_err(|error| match is_duplicate(&error) {
            true => StoreError::Conflict(format!("token `{}` exists already", token.id)),
            false => fault("write a token")(error),
        })?;
        Ok(())
    }

    async fn token(&self, id: &TokenId) -> Result<Option<TokenRow>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM tokens WHERE id = ?"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read a token"))?
            .as_ref()
            .map(token)
            .transpose()
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM tokens ORDER BY created_at DESC, id"))
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read tokens"))?
            .iter()
            .map(token)
            .collect()
    }

    async fn revoke_token(&self, id: &TokenId, at: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
            .bind(micros(at))
            .bind(id.as_str())
            .execute(&self.writer)
            .await
            .map_err(fault("revoke a token"))?;
        Ok(done.rows_affected() > 0)
    }

    async fn enroll(
        &self,
        device: &NewDevice,
        now: Timestamp,
    ) -> Result<Result<(), TokenRefusal>, StoreError> {
        const WHAT: &str = "enrol a device";
        let mut tx = self.begin(WHAT).await?;
        let known: Option<(String, i64)> = sqlx::query_as("SELECT token, state FROM devices WHERE id = ?")
            .bind(device.id.as_str())
            .fetch_optional(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        if let Some((token, state)) = known {
            // The answer may have been lost on its way: the same key with the same token is told again.
            let again = token == device.token.as_str() && state != state_number(DeviceState::Revoked);
            return Ok(if again { Ok(()) } else { Err(TokenRefusal::AlreadyEnrolled) });
        }
        let token = sqlx::query("SELECT uses, max_uses, expires_at, revoked_at FROM tokens WHERE id = ?")
            .bind(device.token.as_str())
            .fetch_optional(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        let Some(token) = token else { return Ok(Err(TokenRefusal::Unknown)) };
        let (uses, max_uses): (u32, u32) = (col(&token, 0)?, col(&token, 1)?);
        if token.try_get::<Option<i64>, _>(3).map_err(damaged("token"))?.is_some() {
            return Ok(Err(TokenRefusal::Revoked));
        }
        if instant(col(&token, 2)?)? <= now {
            return Ok(Err(TokenRefusal::Expired));
        }
        if uses >= max_uses {
            return Ok(Err(TokenRefusal::UsedUp));
        }
        sqlx::query(
            "UPDATE tokens SET uses = uses + 1, last_use_at = ?, last_use_device = ?, last_use_hostname = ? WHERE id = ?",
        )
        .bind(micros(now))
        .bind(device.id.as_str())
        .bind(&device.hostname)
        .bind(device.token.as_str())
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        sqlx::query(
            "INSERT INTO devices (id, public_key, key_protection, hostname, os_family, os_name, os_version, machine, \
             agent_version, device_group, state, simulated, token, enrolled_at, checkin_seconds) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(device.id.as_str())
        .bind(String::from(device.public_key))
        .bind(serde_word(&device.key_protection)?)
        .bind(&device.hostname)
        .bind(&device.os.family)
        .bind(&device.os.name)
        .bind(&device.os.version)
        .bind(device.machine.as_str())
        .bind(&device.agent_version)
        .bind(&device.group)
        .bind(state_number(device.state))
        .bind(device.simulated)
        .bind(device.token.as_str())
        .bind(micros(device.enrolled_at))
        .bind(DEFAULT_CHECKIN_SECONDS)
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        sqlx::query("INSERT INTO heads (device, due_at) VALUES (?, ?)")
            .bind(device.id.as_str())
            .bind(micros(device.enrolled_at) + i64::from(DEFAULT_CHECKIN_SECONDS) * 1_000_000)
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(Ok(()))
    }
}
