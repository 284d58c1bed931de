//! How values lie in columns: instants as microseconds since 1970, ids and words as text, digests as 32
//! bytes, everything nested as JSON text.

use std::{fmt::Display, str::FromStr};

use bearing_protocol::{Timestamp, digest::Digest};
use bearing_store::StoreError;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Decode, Row as _, Sqlite, Type, sqlite::SqliteRow};

use crate::fault::damaged;

/// An instant as it is stored. What is finer than a microsecond is not kept.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// An instant as it was stored.
pub(crate) fn instant(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(damaged("instant"))
}

/// The value in column `index`.
pub(crate) fn col<'r, T>(row: &'r SqliteRow, index: usize) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(index).map_err(damaged("row"))
}

/// An instant in column `index`.
pub(crate) fn instant_col(row: &SqliteRow, index: usize) -> Result<Timestamp, StoreError> {
    instant(col(row, index)?)
}

/// An instant, or none, in column `index`.
pub(crate) fn maybe_instant_col(row: &SqliteRow, index: usize) -> Result<Option<Timestamp>, StoreError> {
    col::<Option<i64>>(row, index)?.map(instant).transpose()
}

/// A number that is never negative in column `index`.
pub(crate) fn unsigned_col(row: &SqliteRow, index: usize) -> Result<u64, StoreError> {
    unsigned(col(row, index)?)
}

/// A number that is never negative.
pub(crate) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(damaged("number"))
}

/// A number as it is stored; above SQLite's range it is the largest there is.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A word or id in column `index`.
pub(crate) fn word_col<T>(row: &SqliteRow, index: usize) -> Result<T, StoreError>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    col::<&str>(row, index)?.parse().map_err(damaged("word"))
}

/// A word or id, or none, in column `index`.
pub(crate) fn maybe_word_col<T>(row: &SqliteRow, index: usize) -> Result<Option<T>, StoreError>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    col::<Option<&str>>(row, index)?.map(|text| text.parse().map_err(damaged("word"))).transpose()
}

/// JSON in column `index`.
pub(crate) fn json_col<T: DeserializeOwned>(row: &SqliteRow, index: usize) -> Result<T, StoreError> {
    serde_json::from_str(col(row, index)?).map_err(damaged("JSON"))
}

/// JSON, or none, in column `index`.
pub(crate) fn maybe_json_col<T: DeserializeOwned>(
    row: &SqliteRow,
    index: usize,
) -> Result<Option<T>, StoreError> {
    col::<Option<&str>>(row, index)?
        .map(|text| serde_json::from_str(text).map_err(damaged("JSON")))
        .transpose()
}

/// A digest in column `index`.
pub(crate) fn digest_col(row: &SqliteRow, index: usize) -> Result<Digest, StoreError> {
    maybe_digest_col(row, index)?
        .ok_or_else(|| StoreError::Damaged { what: "digest", source: "it is missing".into() })
}

/// A digest, or none, in column `index`.
pub(crate) fn maybe_digest_col(row: &SqliteRow, index: usize) -> Result<Option<Digest>, StoreError> {
    col::<Option<&[u8]>>(row, index)?
        .map(|bytes| bytes.try_into().map(Digest::from_bytes).map_err(damaged("digest")))
        .transpose()
}

/// Something as JSON text.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(damaged("value"))
}

/// A word as serde writes it (a unit variant's name).
pub(crate) fn serde_word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value).map_err(damaged("word"))? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(StoreError::Damaged { what: "word", source: format!("{other} is no word").into() }),
    }
}

/// A word as serde reads it, in column `index`.
pub(crate) fn serde_word_col<T: DeserializeOwned>(row: &SqliteRow, index: usize) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(col(row, index)?)).map_err(damaged("word"))
}

/// A pattern for `LIKE … ESCAPE '\'` that finds `text` anywhere, its `%` and `_` being plain characters.
pub(crate) fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A cursor: the parts of the last row's key, as JSON in hex, so that nobody is tempted to build one.
pub(crate) fn cursor<T: Serialize>(key: &T) -> Result<String, StoreError> {
    Ok(hex::encode(json(key)?))
}

/// Reads a cursor that a caller gave; `Conflict` where it is none.
pub(crate) fn read_cursor<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    fn wrong<E: Display>(_: E) -> StoreError {
        StoreError::Conflict("the cursor is not one that a page gave: begin with the first page".to_owned())
    }
    serde_json::from_slice(&hex::decode(text).map_err(wrong)?).map_err(wrong)
}
