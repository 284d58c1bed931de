//! Which findings a search could mean, from the index of three-character pieces.
//!
//! Always: what is named is a superset of what `LIKE` finds, or nothing is said and the pages' own indexes are walked:
//! for texts under three characters, and where so many rows fit that a walk meets them soon.

use bearing_store::StoreError;

use crate::{SqliteStore, fault::fault};

/// Most candidates that are looked at one by one; beyond, walking an index in the order of pages is faster.
const MAX_CANDIDATES: usize = 2_000;
/// Most pieces of a search text that the index is asked for.
const MAX_PIECES: usize = 24;
/// Characters of a piece.
const PIECE: usize = 3;

/// The index's question for rows that hold every piece of `text`.
fn question(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = chars
        .windows(PIECE)
        .take(MAX_PIECES)
        .map(|piece| format!("\"{}\"", piece.iter().collect::<String>().replace('"', "\"\"")))
        .collect();
    (!pieces.is_empty()).then(|| pieces.join(" AND "))
}

impl SqliteStore {
    /// Numbers of the findings that could hold `text`; `None` where the index cannot say, or there are many.
    pub(crate) async fn search_candidates(&self, text: &str) -> Result<Option<Vec<i64>>, StoreError> {
        if text.contains('\0') {
            return Ok(Some(Vec::new())); // no text that is kept can be asked for so: LIKE would stop there
        }
        let Some(question) = question(text) else { return Ok(None) };
        let limit = i64::try_from(MAX_CANDIDATES).unwrap_or(i64::MAX);
        let numbers: Vec<i64> =
            sqlx::query_scalar("SELECT rowid FROM finding_text WHERE finding_text MATCH ? LIMIT ?")
                .bind(question)
                .bind(limit + 1)
                .fetch_all(&self.readers)
                .await
                .map_err(fault("search findings"))?;
        Ok((numbers.len() <= MAX_CANDIDATES).then_some(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_is_asked_for_in_pieces_and_never_as_a_question_of_its_own() {
        assert_eq!(question("ab"), None);
        assert_eq!(question("abcd").unwrap(), "\"abc\" AND \"bcd\"");
        assert_eq!(question("a\" OR").unwrap(), "\"a\"\" \" AND \"\"\" O\" AND \" OR\"");
        assert_eq!(question(&"x".repeat(500)).unwrap().matches("AND").count(), MAX_PIECES - 1);
    }
}
