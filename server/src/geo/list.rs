//! Lists of addresses of one class that an administrator keeps fresh.
//!
//! Always: a row that is no range is named with its line; with one such row the whole file is refused, unless the good
//! rows are asked for. Formats: one range a line, CSV, Tor's exit lists, attribute lists of MISP (JSON, CSV).

mod csv;
mod misp;

use std::collections::BTreeSet;

use bearing_protocol::text::printable;
use serde::Deserialize;

use super::range_set::{Range, RangeSet};

/// Largest list, in bytes.
pub const MAX_LIST_BYTES: u64 = 64 * 1024 * 1024;
/// Most rows of a list.
pub const MAX_ROWS: usize = 5_000_000;
/// Most bad rows that are named.
const MAX_NAMED: usize = 20;
/// Longest part of a bad row that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 60;

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListFormat {
    /// One address, network, range or network number (`AS64496`) a line; `#` and `;` begin a comment.
    #[default]
    Lines,
    /// Comma-separated: a column of networks or addresses, or two of first and last address.
    Csv,
    /// Tor's bulk exit list or its `exit-addresses`.
    Tor,
    /// Attributes or a warning list of MISP, JSON.
    MispJson,
    /// Attributes of MISP, CSV.
    MispCsv,
}

/// A row that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line; of JSON, the how-manieth attribute.
    pub line: usize,
    /// Its text, made harmless.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

/// What a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Its addresses.
    pub ranges: RangeSet,
    /// Its autonomous systems.
    pub networks: BTreeSet<u32>,
    /// Good rows.
    pub rows: usize,
    /// Rows that are about something else (domains, hashes), as a list of MISP may have them.
    pub other: usize,
    /// How many rows are none.
    pub bad: usize,
    /// The first of them.
    pub bad_rows: Vec<BadRow>,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ListError {
    #[error("it is no UTF-8 text: the byte at {0}")]
    Text(usize),
    #[error("it is no JSON of MISP")]
    Json(#[from] serde_json::Error),
    #[error("it holds no attributes: neither `Attribute`, `response`, `Event` nor `list`")]
    NoAttributes,
    #[error("it has more than {MAX_ROWS} rows")]
    Rows,
    #[error("{bad} of its rows are no ranges ({}): mend them, or set `keep_good_rows = true`", named(first))]
    Bad { bad: usize, first: Vec<BadRow> },
    #[error("it has no rows")]
    Empty,
    #[error(
        "its first line names none of the columns network, cidr, prefix, range, ip, address, or start and end"
    )]
    Columns,
    #[error("line {0}: a quotation mark is not closed")]
    Quote(usize),
}

fn named(rows: &[BadRow]) -> String {
    let rows: Vec<_> =
        rows.iter().map(|row| format!("line {}: `{}`: {}", row.line, row.text, row.why)).collect();
    rows.join("; ")
}

/// What to do with good rows beside bad ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoodRows {
    /// Keep them.
    Keep,
    /// Refuse the file.
    Refuse,
}

/// Rows while they come in.
#[derive(Default)]
struct Rows {
    ranges: Vec<Range>,
    list: List,
}

impl Rows {
    fn take(&mut self, line: usize, text: &str) -> Result<(), ListError> {
        let text = text.trim();
        if let Some(number) = network_number(text) {
            self.list.networks.insert(number);
            self.list.rows += 1;
            return Ok(());
        }
        self.take_range(line, text, Range::parse(text))
    }

    fn take_range<E: std::fmt::Display>(
        &mut self,
        line: usize,
        text: &str,
        range: Result<Range, E>,
    ) -> Result<(), ListError> {
        match range {
            Ok(range) => {
                self.list.rows += 1;
                self.ranges.push(range);
            }
            Err(why) => self.bad(line, text, &why.to_string()),
        }
        if self.ranges.len() + self.list.bad > MAX_ROWS { Err(ListError::Rows) } else { Ok(()) }
    }

    fn bad(&mut self, line: usize, text: &str, why: &str) {
        self.list.bad += 1;
        if self.list.bad_rows.len() < MAX_NAMED {
            let text = printable(text, MAX_SHOWN_CHARS);
            self.list.bad_rows.push(BadRow { line, text, why: why.to_owned() });
        }
    }
}

/// `AS64496` as a number.
fn network_number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("AS").or_else(|| text.strip_prefix("as"))?;
    digits.parse().ok().filter(|number| *number != 0)
}

impl List {
    /// Reads a list.
    ///
    /// # Errors
    /// Where it cannot be read at all, has no rows, or has bad ones and the good ones are not to be kept.
    pub fn parse(bytes: &[u8], format: ListFormat, good_rows: GoodRows) -> Result<Self, ListError> {
        let text = std::str::from_utf8(bytes).map_err(|error| ListError::Text(error.valid_up_to()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rows = Rows::default();
        match format {
            ListFormat::Lines => lines(text, &mut rows)?,
            ListFormat::Csv => csv::ranges(text, &mut rows)?,
            ListFormat::Tor => tor(text, &mut rows)?,
            ListFormat::MispJson => misp::json(text, &mut rows)?,
            ListFormat::MispCsv => misp::csv(text, &mut rows)?,
        }
        let Rows { ranges, mut list } = rows;
        list.ranges = ranges.into_iter().collect();
        if list.bad > 0 && good_rows == GoodRows::Refuse {
            return Err(ListError::Bad { bad: list.bad, first: list.bad_rows });
        }
        if list.rows == 0 { Err(ListError::Empty) } else { Ok(list) }
    }
}

fn lines(text: &str, rows: &mut Rows) -> Result<(), ListError> {
    for (at, line) in text.lines().enumerate() {
        let row = line.split(['#', ';']).next().unwrap_or_default().trim();
        if !row.is_empty() {
            rows.take(at + 1, row)?;
        }
    }
    Ok(())
}

/// `ExitAddress 203.0.113.9 2026-11-25 08:00:00` beside lines about the relay, or one address a line.
fn tor(text: &str, rows: &mut Rows) -> Result<(), ListError> {
    const ABOUT_THE_RELAY: [&str; 3] = ["ExitNode ", "Published ", "LastStatus "];
    for (at, line) in text.lines().enumerate() {
        let row = line.split('#').next().unwrap_or_default().trim();
        if row.is_empty() || ABOUT_THE_RELAY.iter().any(|word| row.starts_with(word)) {
            continue;
        }
        let address = match row.strip_prefix("ExitAddress ") {
            Some(rest) => rest.split_ascii_whitespace().next().unwrap_or_default(),
            None => row,
        };
        rows.take(at + 1, address)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
