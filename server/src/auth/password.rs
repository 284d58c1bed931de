//! Passwords: argon2id, at the parameters the crate recommends (19 MiB, two passes).
//!
//! Always: hashing runs off the async threads and only [`MAX_AT_ONCE`] at a time, so that a burst of sign-ins
//! costs a known amount of memory.

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::random::{RandomError, random_bytes};

/// Fewest characters of a password.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// Most characters of a password.
pub const MAX_PASSWORD_CHARS: usize = 256;
/// Most hashes computed at once.
const MAX_AT_ONCE: usize = 4;

static SLOTS: Semaphore = Semaphore::const_new(MAX_AT_ONCE);

/// A hash nobody has the password of: unknown names are checked against it, so that they take as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that is not taken.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PasswordError {
    #[error("a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")]
    Length,
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("the password could not be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    #[error("hashing was cut short")]
    Stopped,
}

/// The argon2id hash of `password`, in PHC form.
///
/// # Errors
/// Where the length is outside the limits, or the machine has no random bytes or memory.
pub async fn hash_password(password: &str) -> Result<String, PasswordError> {
    let count = password.chars().count();
    if !(MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&count) {
        return Err(PasswordError::Length);
    }
    let salt = SaltString::encode_b64(&random_bytes::<16>()?).map_err(PasswordError::Hash)?;
    let password = Zeroizing::new(password.to_owned());
    let _slot = SLOTS.acquire().await.map_err(|_| PasswordError::Stopped)?;
    tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    })
    .await
    .map_err(|_| PasswordError::Stopped)?
    .map_err(PasswordError::Hash)
}

/// Whether `password` is the one behind `hash`; `None` (no such account) takes as long and is false.
pub async fn verify_password(password: &str, hash: Option<&str>) -> bool {
    let password = Zeroizing::new(password.chars().take(MAX_PASSWORD_CHARS + 1).collect::<String>());
    let known = hash.is_some();
    let hash = hash.unwrap_or(NOBODY).to_owned();
    let Ok(_slot) = SLOTS.acquire().await else { return false };
    let fits = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hash)
            .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    })
    .await
    .unwrap_or(false);
    fits && known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_fits() {
        let hash = hash_password("correct horse battery").await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify_password("correct horse battery", Some(&hash)).await);
        assert!(!verify_password("correct horse batterz", Some(&hash)).await);
    }

    #[tokio::test]
    async fn nobody_has_the_password_of_an_unknown_name() {
        assert!(!verify_password("", None).await);
        assert!(PasswordHash::new(NOBODY).is_ok(), "or an unknown name would answer at once");
    }

    #[tokio::test]
    async fn short_and_huge_passwords_are_refused() {
        assert!(matches!(hash_password("short").await, Err(PasswordError::Length)));
        assert!(matches!(hash_password(&"x".repeat(300)).await, Err(PasswordError::Length)));
    }
}
