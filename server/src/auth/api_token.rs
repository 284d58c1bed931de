//! API tokens: `tok_….<64 hex digits>`, stored as the hash of their secret half, with a role, scopes
//! and an expiry.

use axum::http::{HeaderMap, header};
use bearing_protocol::{Timestamp, digest::Digest, id::TokenId};
use bearing_store::{ApiTokenRow, Role, Scope, StoreError};
use zeroize::Zeroizing;

use super::{
    actor::Actor,
    csrf::same_text,
    random::{RandomError, random_bytes, random_hex},
};
use crate::app::App;

/// How often a token's use is noted, in seconds.
const NOTE_SECONDS: i64 = 3_600;

/// Why a request's token was not believed. Callers are told no more than that.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ApiTokenError {
    #[error("send `Authorization: Bearer tok_….<secret>`")]
    Missing,
    #[error("the API token is unknown, withdrawn or expired")]
    Refused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token that was just made: its secret is shown once.
pub struct NewApiToken {
    /// What is stored.
    pub row: ApiTokenRow,
    /// The whole token, as it is sent.
    pub reveal: Zeroizing<String>,
}

/// Makes a token; storing it is the caller's.
///
/// # Errors
/// Where the operating system has no random bytes.
pub fn new_api_token(
    name: &str,
    role: Role,
    scopes: &[Scope],
    created_by: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<NewApiToken, RandomError> {
    let id = TokenId::from_bytes(&random_bytes::<16>()?);
    let secret = Zeroizing::new(random_hex()?);
    let reveal = Zeroizing::new(format!("{id}.{}", *secret));
    let row = ApiTokenRow {
        id,
        secret_hash: hash(&secret),
        name: name.to_owned(),
        role,
        scopes: scopes.to_vec(),
        created_by: created_by.to_owned(),
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used: None,
    };
    Ok(NewApiToken { row, reveal })
}

/// Who a request's bearer token speaks for.
pub(super) async fn of_request(
    app: &App,
    headers: &HeaderMap,
    address: &str,
) -> Result<Actor, ApiTokenError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(ApiTokenError::Missing) };
    let (scheme, token) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(ApiTokenError::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiTokenError::Missing);
    }
    let (id, secret) = token.trim().split_once('.').ok_or(ApiTokenError::Refused)?;
    let id: TokenId = id.parse().map_err(|_| ApiTokenError::Refused)?;
    let row = app.store.api_token(&id).await?;
    // An unknown id is compared too, so that it costs what a wrong secret costs.
    let fits = same_text(&hash(secret), row.as_ref().map_or("", |row| row.secret_hash.as_str()));
    let now = app.clock.now();
    match row {
        Some(row) if fits && row.revoked_at.is_none() && now < row.expires_at => {
            // To the hour: a busy program does not write with every request.
            let stale = row.last_used.is_none_or(|used| now.as_second() - used.as_second() >= NOTE_SECONDS);
            if stale {
                app.store.note_api_token_use(&row.id, now).await?;
            }
            Ok(Actor::of_api_token(&row, address))
        }
        _ => Err(ApiTokenError::Refused),
    }
}

fn hash(secret: &str) -> String {
    hex::encode(Digest::of(secret.as_bytes()).as_bytes())
}
