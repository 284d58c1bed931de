//! Data files with an address: what is wrong, in which file, on which line.
//!
//! Always: an error names file and line where the parser knows it, and says what is wrong in words.

use std::fmt;

use bearing_protocol::text::printable;
use serde::de::DeserializeOwned;

/// What is wrong with a data file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The file, or what stands for it.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem of the whole file.
    pub fn of(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into() }
    }

    /// A problem at the first line of `text` that starts with `start` (leading blanks and brackets aside).
    pub fn at(file: &str, text: &str, start: &str, message: impl Into<String>) -> Self {
        let line = text
            .lines()
            .position(|line| line.trim_start_matches([' ', '[']).starts_with(start))
            .map(|index| index + 1);
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// Reads `text` as a `T`: TOML as people write it, or the JSON that programs carry.
///
/// # Errors
/// The first thing in it that is not a `T`, with its line.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Problem> {
    if text.len() > MAX_FILE_BYTES {
        return Err(Problem::of(file, format!("larger than {MAX_FILE_BYTES} bytes")));
    }
    // The packed form; no TOML begins with a brace.
    if text.starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|error| Problem::of(file, printable(&error.to_string(), MAX_MESSAGE_CHARS)));
    }
    toml::from_str(text).map_err(|error| Problem {
        file: file.to_owned(),
        line: error.span().map(|span| line_of(text, span.start)),
        message: printable(error.message(), MAX_MESSAGE_CHARS),
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Largest data or policy file.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;
const MAX_MESSAGE_CHARS: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Small {
        #[expect(dead_code, reason = "only its name matters here")]
        name: String,
    }

    #[test]
    fn an_unknown_field_is_named_with_its_line() {
        let problem = parse::<Small>("x.toml", "name = \"a\"\nnmae = \"b\"\n").unwrap_err();
        assert_eq!(problem.line, Some(2), "{problem}");
        assert!(problem.to_string().starts_with("x.toml:2: unknown field `nmae`"), "{problem}");
    }

    #[test]
    fn escapes_in_a_hostile_file_do_not_reach_the_terminal() {
        let problem = parse::<Small>("x.toml", "\"\\u001b[31m\" = 1\n").unwrap_err();
        assert!(!problem.to_string().contains('\u{1b}'), "{problem:?}");
    }
}
