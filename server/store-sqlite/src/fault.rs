//! SQLite's errors in the store's words: full, busy, damaged.

use bearing_store::StoreError;

const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOT_A_DATABASE: i32 = 26;
/// SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY.
const UNIQUE: [i32; 2] = [2067, 1555];

/// SQLite's extended result code, where the error has one.
fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether a row with this key was there already.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| UNIQUE.contains(&code))
}

/// Turns SQLite's error while trying to `what` into the store's.
pub(crate) fn fault(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match code(&error).map(|code| code & 0xff) {
        Some(FULL) => StoreError::Full,
        Some(CORRUPT | NOT_A_DATABASE) => StoreError::Damaged { what, source: Box::new(error) },
        // Busy, locked, an input-output error, no connection: all of them may pass.
        _ => StoreError::Unavailable { what, source: Box::new(error) },
    }
}

/// What is stored does not read back.
pub(crate) fn damaged<E>(what: &'static str) -> impl FnOnce(E) -> StoreError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |error| StoreError::Damaged { what, source: error.into() }
}
