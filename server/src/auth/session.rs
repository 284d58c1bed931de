//! Browser sessions: a random cookie, stored as its hash, for [`SESSION_HOURS`].

use axum::http::HeaderMap;
use bearing_protocol::digest::Digest;
use bearing_store::{SessionRow, StoreError, UserRow};
use jiff::SignedDuration;
use zeroize::Zeroizing;

use super::{
    cookie::{SESSION_COOKIE, cookie},
    random::{RandomError, random_hex},
};
use crate::app::App;

/// How long a session lasts.
pub const SESSION_HOURS: i64 = 12;
const COOKIE_CHARS: usize = 64;

/// A session that has just begun.
pub(super) struct Begun {
    /// What goes into the cookie, and nowhere else.
    pub(super) value: Zeroizing<String>,
    /// What is stored.
    pub(super) row: SessionRow,
}

/// A new session for `user`, not yet stored.
pub(super) fn begin(app: &App, user: &UserRow) -> Result<Begun, RandomError> {
    let value = Zeroizing::new(random_hex()?);
    let now = app.clock.now();
    let row = SessionRow {
        token_hash: hash(&value),
        user: user.id.clone(),
        csrf: random_hex()?,
        created_at: now,
        expires_at: now.saturating_add(SignedDuration::from_hours(SESSION_HOURS)).unwrap_or(now),
    };
    Ok(Begun { value, row })
}

/// The session whose cookie the request carries, with its account.
pub(super) async fn of_request(
    app: &App,
    headers: &HeaderMap,
) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
    let Some(value) = cookie(headers, SESSION_COOKIE).filter(|value| value.len() == COOKIE_CHARS) else {
        return Ok(None);
    };
    app.store.session(&hash(&value), app.clock.now()).await
}

/// Ends the session whose cookie the request carries.
///
/// # Errors
/// Where the store cannot.
pub async fn end_session(app: &App, headers: &HeaderMap) -> Result<(), StoreError> {
    match cookie(headers, SESSION_COOKIE) {
        Some(value) => app.store.end_session(&hash(&value)).await,
        None => Ok(()),
    }
}

fn hash(value: &str) -> String {
    hex::encode(Digest::of(value.as_bytes()).as_bytes())
}
