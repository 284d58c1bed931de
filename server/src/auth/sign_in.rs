//! A name and a password become a session.

use bearing_store::StoreError;
use zeroize::Zeroizing;

use super::{
    password::verify_password,
    random::RandomError,
    session::{self, Begun},
    throttle,
};
use crate::{act, app::App};

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum SignInError {
    #[error("name and password do not fit")]
    Wrong,
    #[error("too many attempts: wait {} minutes", super::throttle::WINDOW_MINUTES)]
    Throttled,
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs in, and gives the value of the session's cookie. Name unknown, account disabled and password wrong are
/// one answer that takes the same time.
///
/// # Errors
/// As [`SignInError`] says.
pub async fn sign_in(
    app: &App,
    name: &str,
    password: &str,
    address: &str,
) -> Result<Zeroizing<String>, SignInError> {
    let name = name.trim().to_lowercase();
    let name: String = name.chars().take(act::MAX_NAME_CHARS).collect();
    if !throttle::admit(app, &name, address).await? {
        return Err(SignInError::Throttled);
    }
    let user = app.store.user_by_name(&name).await?;
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let fits = verify_password(password, hash).await;
    let Some(user) = user.filter(|user| fits && !user.disabled) else {
        act::note(app, &name, "user.sign_in_failed", &name, serde_json::json!({ "address": address }))
            .await?;
        return Err(SignInError::Wrong);
    };
    act::note(app, &user.name, "user.sign_in", &user.name, serde_json::json!({ "address": address })).await?;
    let Begun { value, row } = session::begin(app, &user)?;
    app.store.add_session(&row).await?;
    throttle::forget(app, &user.name).await?;
    Ok(value)
}
