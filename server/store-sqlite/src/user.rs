use bearing_protocol::{
    Timestamp,
    id::{TokenId, UserId},
};
use bearing_store::{ApiTokenRow, Scope, SessionRow, StoreError, UserRow, Users};
use sqlx::sqlite::SqliteRow;

use crate::{
    SqliteStore,
    column::{col, instant_col, maybe_instant_col, micros, serde_word_col, word_col},
    fault::{fault, is_duplicate},
};

const USER: &str = "id, name, password_hash, role, created_at, last_sign_in, disabled";
const API_TOKEN: &str =
    "id, secret_hash, name, role, created_by, created_at, expires_at, revoked_at, last_used, scopes";

fn user(row: &SqliteRow) -> Result<UserRow, StoreError> {
    Ok(UserRow {
        id: word_col(row, 0)?,
        name: col(row, 1)?,
        password_hash: col(row, 2)?,
        role: serde_word_col(row, 3)?,
        created_at: instant_col(row, 4)?,
        last_sign_in: maybe_instant_col(row, 5)?,
        disabled: col(row, 6)?,
    })
}

fn api_token(row: &SqliteRow) -> Result<ApiTokenRow, StoreError> {
    Ok(ApiTokenRow {
        id: word_col(row, 0)?,
        secret_hash: col(row, 1)?,
        name: col(row, 2)?,
        role: serde_word_col(row, 3)?,
        created_by: col(row, 4)?,
        created_at: instant_col(row, 5)?,
        expires_at: instant_col(row, 6)?,
        revoked_at: maybe_instant_col(row, 7)?,
        last_used: maybe_instant_col(row, 8)?,
        scopes: scopes(col(row, 9)?)?,
    })
}

/// Scopes as they are stored: words with spaces between.
fn scopes(words: &str) -> Result<Vec<Scope>, StoreError> {
    words
        .split(' ')
        .map(|word| {
            Scope::of_word(word)
                .ok_or_else(|| StoreError::Damaged { what: "scope", source: format!("`{word}`").into() })
        })
        .collect()
}

#[async_trait::async_trait]
impl Users for SqliteStore {
    async fn add_user(&self, user: &UserRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO users (id, name, password_hash, role, created_at, last_sign_in, disabled) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(user.id.as_str())
        .bind(&user.name)
        .bind(&user.password_hash)
        .bind(user.role.as_str())
        .bind(micros(user.created_at))
        .bind(user.last_sign_in.map(micros))
        .bind(user.disabled)
        .execute(&self.writer)
        .await
        .map_err(|error| match is_duplicate(&error) {
            true => StoreError::Conflict(format!("an account named `{}` exists already", user.name)),
            false => fault("add an account")(error),
        })?;
        Ok(())
    }

    async fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        sqlx::query(&format!("SELECT {USER} FROM users WHERE name = ?"))
            .bind(name)
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read an account"))?
            .as_ref()
            .map(user)
            .transpose()
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserRow>, StoreError> {
        sqlx::query(&format!("SELECT {USER} FROM users WHERE id = ?"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read an account"))?
            .as_ref()
            .map(user)
            .transpose()
    }

    async fn users(&self) -> Result<Vec<UserRow>, StoreError> {
        sqlx::query(&format!("SELECT {USER} FROM users ORDER BY name"))
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read accounts"))?
            .iter()
            .map(user)
            .collect()
    }

    async fn update_user(&self, user: &UserRow) -> Result<bool, StoreError> {
        const WHAT: &str = "change an account";
        let mut tx = self.begin(WHAT).await?;
        let done = sqlx::query("UPDATE users SET password_hash = ?, role = ?, disabled = ? WHERE id = ?")
            .bind(&user.password_hash)
            .bind(user.role.as_str())
            .bind(user.disabled)
            .bind(user.id.as_str())
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        sqlx::query("DELETE FROM sessions WHERE user = ?")
            .bind(user.id.as_str())
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(done.rows_affected() > 0)
    }

    async fn add_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        const WHAT: &str = "begin a session";
        let mut tx = self.begin(WHAT).await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(micros(session.created_at))
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        sqlx::query(
            "INSERT INTO sessions (token_hash, user, csrf, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&session.token_hash)
        .bind(session.user.as_str())
        .bind(&session.csrf)
        .bind(micros(session.created_at))
        .bind(micros(session.expires_at))
        .execute(&mut *tx)
        .await
        .map_err(fault(WHAT))?;
        sqlx::query("UPDATE users SET last_sign_in = ? WHERE id = ?")
            .bind(micros(session.created_at))
            .bind(session.user.as_str())
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        tx.commit().await.map_err(fault(WHAT))
    }

    async fn session(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
        let row = sqlx::query(
            "SELECT u.id, u.name, u.password_hash, u.role, u.created_at, u.last_sign_in, u.disabled, \
             s.token_hash, s.csrf, s.created_at, s.expires_at FROM sessions s JOIN users u ON u.id = s.user \
             WHERE s.token_hash = ? AND s.expires_at > ? AND u.disabled = 0",
        )
        .bind(token_hash)
        .bind(micros(now))
        .fetch_optional(&self.readers)
        .await
        .map_err(fault("read a session"))?;
        row.as_ref()
            .map(|row| {
                let user = user(row)?;
                let session = SessionRow {
                    token_hash: col(row, 7)?,
                    user: user.id.clone(),
                    csrf: col(row, 8)?,
                    created_at: instant_col(row, 9)?,
                    expires_at: instant_col(row, 10)?,
                };
                Ok((session, user))
            })
            .transpose()
    }

    async fn end_session(&self, token_hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?")
            .bind(token_hash)
            .execute(&self.writer)
            .await
            .map_err(fault("end a session"))?;
        Ok(())
    }

    async fn add_api_token(&self, token: &ApiTokenRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO api_tokens (id, secret_hash, name, role, created_by, created_at, expires_at, revoked_at, \
             last_used, scopes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(token.id.as_str())
        .bind(&token.secret_hash)
        .bind(&token.name)
        .bind(token.role.as_str())
        .bind(&token.created_by)
        .bind(micros(token.created_at))
        .bind(micros(token.expires_at))
        .bind(token.revoked_at.map(micros))
        .bind(token.last_used.map(micros))
        .bind(token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "))
        .execute(&self.writer)
        .await
        .map_err(|error| match is_duplicate(&error) {
            true => StoreError::Conflict(format!("API token `{}` exists already", token.id)),
            false => fault("add an API token")(error),
        })?;
        Ok(())
    }

    async fn api_token(&self, id: &TokenId) -> Result<Option<ApiTokenRow>, StoreError> {
        sqlx::query(&format!("SELECT {API_TOKEN} FROM api_tokens WHERE id = ?"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(fault("read an API token"))?
            .as_ref()
            .map(api_token)
            .transpose()
    }

    async fn api_tokens(&self) -> Result<Vec<ApiTokenRow>, StoreError> {
        sqlx::query(&format!("SELECT {API_TOKEN} FROM api_tokens ORDER BY created_at DESC, id"))
            .fetch_all(&self.readers)
            .await
            .map_err(fault("read API tokens"))?
            .iter()
            .map(api_token)
            .collect()
    }

    async fn revoke_api_token(&self, id: &TokenId, at: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE api_tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
            .bind(micros(at))
            .bind(id.as_str())
            .execute(&self.writer)
            .await
            .map_err(fault("withdraw an API token"))?;
        Ok(done.rows_affected() > 0)
    }

    async fn note_api_token_use(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE api_tokens SET last_used = ? WHERE id = ?")
            .bind(micros(at))
            .bind(id.as_str())
            .execute(&self.writer)
            .await
            .map_err(fault("note an API token's use"))?;
        Ok(())
    }

    async fn count_failure(&self, subject: &str, at: Timestamp, since: Timestamp) -> Result<u32, StoreError> {
        const WHAT: &str = "count a failed sign-in";
        let mut tx = self.begin(WHAT).await?;
        sqlx::query("DELETE FROM failures WHERE subject = ? AND at < ?")
            .bind(subject)
            .bind(micros(since))
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        sqlx::query("INSERT INTO failures (subject, at) VALUES (?, ?)")
            .bind(subject)
            .bind(micros(at))
            .execute(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        let count = sqlx::query_scalar("SELECT count(*) FROM failures WHERE subject = ?")
            .bind(subject)
            .fetch_one(&mut *tx)
            .await
            .map_err(fault(WHAT))?;
        tx.commit().await.map_err(fault(WHAT))?;
        Ok(count)
    }

    async fn failures(&self, subject: &str, since: Timestamp) -> Result<u32, StoreError> {
        sqlx::query_scalar("SELECT count(*) FROM failures WHERE subject = ? AND at >= ?")
            .bind(subject)
            .bind(micros(since))
            .fetch_one(&self.readers)
            .await
            .map_err(fault("count failed sign-ins"))
    }

    async fn clear_failures(&self, subject: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM failures WHERE subject = ?")
            .bind(subject)
            .execute(&self.writer)
            .await
            .map_err(fault("forget failed sign-ins"))?;
        Ok(())
    }
}
