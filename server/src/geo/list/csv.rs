//! Comma-separated lists (RFC 4180).

use super::{ListError, Rows};
use crate::geo::range_set::{Range, RangeError};

/// What the column of ranges may be called.
const RANGE: [&str; 12] = [
    "network",
    "cidr",
    "prefix",
    "range",
    "ip",
    "address",
    "ip_range",
    "ip_prefix",
    "ip_address",
    "ip-prefix",
    "subnet",
    "value",
];
/// What the columns of the first and the last address may be called.
const FIRST: [&str; 6] = ["start", "first", "from", "start_ip", "ip_from", "range_start"];
const LAST: [&str; 6] = ["end", "last", "to", "end_ip", "ip_to", "range_end"];

/// Records with the line each begins at.
pub(super) struct Records<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Records<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// The next record that is not an empty line or a comment.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Vec<String>)>, ListError> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let line = self.line;
            let fields = self.record()?;
            let empty = fields.iter().all(|field| field.trim().is_empty());
            if !empty && !fields.first().is_some_and(|field| field.trim_start().starts_with('#')) {
                return Ok(Some((line, fields)));
            }
        }
    }

    fn record(&mut self) -> Result<Vec<String>, ListError> {
        let began = self.line;
        let mut fields = Vec::new();
        let mut field = String::new();
        let mut quoted = false;
        let mut chars = self.rest.char_indices().peekable();
        let mut end = self.rest.len();
        while let Some((at, letter)) = chars.next() {
            match letter {
                '"' if quoted && chars.peek().is_some_and(|(_, next)| *next == '"') => {
                    chars.next();
                    field.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if field.trim().is_empty() => {
                    field.clear();
                    quoted = true;
                }
                ',' if !quoted => fields.push(std::mem::take(&mut field)),
                '\n' => {
                    self.line += 1;
                    if !quoted {
                        end = at + 1;
                        break;
                    }
                    field.push('\n');
                }
                '\r' if !quoted => {}
                other => field.push(other),
            }
        }
        if quoted {
            return Err(ListError::Quote(began));
        }
        fields.push(field);
        self.rest = self.rest.get(end..).unwrap_or_default();
        Ok(fields)
    }
}

/// Where the ranges of a row stand.
#[derive(Clone, Copy)]
enum Columns {
    One(usize),
    Two(usize, usize),
}

pub(super) fn ranges(text: &str, rows: &mut Rows) -> Result<(), ListError> {
    let mut records = Records::new(text);
    let mut columns = None;
    while let Some((line, fields)) = records.next()? {
        let columns = match columns {
            Some(known) => known,
            None => {
                let (found, is_head) = find(&fields)?;
                columns = Some(found);
                if is_head {
                    continue;
                }
                found
            }
        };
        let field = |at: usize| fields.get(at).map(|field| field.trim()).unwrap_or_default();
        match columns {
            Columns::One(at) => rows.take(line, field(at))?,
            Columns::Two(first, last) => {
                let range = match (field(first).parse(), field(last).parse()) {
                    (Ok(first), Ok(last)) => Range::between(first, last),
                    _ => Err(RangeError::Malformed),
                };
                rows.take_range(line, &fields.join(","), range)?;
            }
        }
    }
    Ok(())
}

/// The columns by the first row, and whether that row is a heading.
fn find(fields: &[String]) -> Result<(Columns, bool), ListError> {
    let words: Vec<String> = fields.iter().map(|field| field.trim().to_ascii_lowercase()).collect();
    let at = |names: &[&str]| words.iter().position(|word| names.contains(&word.as_str()));
    if let (Some(first), Some(last)) = (at(&FIRST), at(&LAST)) {
        return Ok((Columns::Two(first, last), true));
    }
    if let Some(column) = at(&RANGE) {
        return Ok((Columns::One(column), true));
    }
    let is_address = |at: usize| words.get(at).is_some_and(|word| word.parse::<std::net::IpAddr>().is_ok());
    if is_address(0) && is_address(1) {
        return Ok((Columns::Two(0, 1), false));
    }
    match words.iter().position(|word| Range::parse(word).is_ok()) {
        Some(column) => Ok((Columns::One(column), false)),
        None => Err(ListError::Columns),
    }
}
