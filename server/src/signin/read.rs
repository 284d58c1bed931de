//! A log file, whatever its shape: a JSON list, a Graph page (`{"value": […]}`), one JSON object a line, or CSV.

use serde_json::{Map, Value};

use super::{
    csv,
    row::{Provider, SignIn, sign_in},
};

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;
/// Most entries of one file.
const MAX_ENTRIES: usize = 200_000;
/// Most bad rows that are named.
const MAX_NAMED: usize = 100;

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line, or in a JSON list its place, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Sign-ins.
    pub sign_ins: Vec<SignIn>,
    /// Entries that are something else.
    pub passed_over: usize,
    /// Rows that cannot be used, at most a hundred.
    pub bad: Vec<BadRow>,
    /// How many there were.
    pub bad_count: usize,
}

/// A file that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ReadError {
    #[error("the log is larger than {MAX_FILE_BYTES} bytes: export a shorter time")]
    TooLarge,
    #[error("the log has more than {MAX_ENTRIES} entries: export a shorter time")]
    TooMany,
    #[error("the log is not UTF-8 text")]
    Text,
    #[error("the log is empty")]
    Empty,
    #[error("the log is not JSON: {0}")]
    Json(String),
}

/// Reads a log.
///
/// # Errors
/// Where it is none at all; a row that is wrong is in [`Read::bad`].
pub fn read(bytes: &[u8], provider: Provider) -> Result<Read, ReadError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ReadError::Text)?.trim_start_matches('\u{feff}');
    let entries = entries(text)?;
    if entries.len() > MAX_ENTRIES {
        return Err(ReadError::TooMany);
    }
    let mut read = Read::default();
    for (line, entry) in entries {
        match entry.and_then(|entry| sign_in(provider, &entry)) {
            Ok(Some(sign_in)) => read.sign_ins.push(sign_in),
            Ok(None) => read.passed_over += 1,
            Err(problem) => {
                read.bad_count += 1;
                if read.bad.len() < MAX_NAMED {
                    read.bad.push(BadRow { line, problem });
                }
            }
        }
    }
    Ok(read)
}

type Entry = (usize, Result<Value, String>);

fn entries(text: &str) -> Result<Vec<Entry>, ReadError> {
    let start = text.trim_start();
    if start.is_empty() {
        return Err(ReadError::Empty);
    }
    if start.starts_with('[') {
        let list: Vec<Value> =
            serde_json::from_str(text).map_err(|error| ReadError::Json(error.to_string()))?;
        return Ok(list.into_iter().enumerate().map(|(at, entry)| (at + 1, Ok(entry))).collect());
    }
    if !start.starts_with('{') {
        return Ok(of_csv(text));
    }
    // One object is a Graph page or a single entry; several are one a line.
    if let Ok(mut whole) = serde_json::from_str::<Value>(text) {
        let list = match whole.get_mut("value").map(Value::take) {
            Some(Value::Array(list)) => list,
            _ => vec![whole],
        };
        return Ok(list.into_iter().enumerate().map(|(at, entry)| (at + 1, Ok(entry))).collect());
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    Ok(lines
        .map(|(at, line)| {
            (at + 1, serde_json::from_str(line).map_err(|error| format!("it is not JSON: {error}")))
        })
        .collect())
}

/// Records as objects whose keys are the headings.
fn of_csv(text: &str) -> Vec<Entry> {
    let mut records = csv::records(text).into_iter();
    let Some((_, headings)) = records.next() else { return Vec::new() };
    records
        .map(|(line, fields)| {
            if fields.len() != headings.len() {
                let problem =
                    format!("it has {} fields where the headings are {}", fields.len(), headings.len());
                return (line, Err(problem));
            }
            let object: Map<String, Value> = headings
                .iter()
                .map(|name| name.trim().to_owned())
                .zip(fields.into_iter().map(Value::String))
                .collect();
            (line, Ok(Value::Object(object)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"id":"e1","createdDateTime":"2026-11-25T08:00:00Z","userPrincipalName":"a@b.c","ipAddress":"5.9.10.20","status":{"errorCode":0}}"#;

    #[test]
    fn every_shape_of_a_log_is_read() {
        let shapes = [
            format!("[{ENTRY},{ENTRY}]"),
            format!("{{\"value\":[{ENTRY},{ENTRY}]}}"),
            format!("{ENTRY}\n\n{ENTRY}\n"),
            "Date (UTC),Request ID,Username,IP address,Status\r\n2026-11-25T08:00:00Z,r1,a@b.c,5.9.10.20,Success\r\n\
             2026-11-25T08:00:00Z,r2,a@b.c,5.9.10.20,Success\r\n"
                .to_owned(),
        ];
        for shape in shapes {
            let read = read(shape.as_bytes(), Provider::Entra).unwrap();
            assert_eq!((read.sign_ins.len(), read.bad_count), (2, 0), "{shape}");
        }
        let okta = "timestamp,event_type,outcome.result,actor.alternate_id,client.ip_address,uuid\n\
                    2026-11-25T08:00:00Z,user.session.start,SUCCESS,a@b.c,5.9.10.20,u1\n";
        assert_eq!(read(okta.as_bytes(), Provider::Okta).unwrap().sign_ins.len(), 1);
    }

    #[test]
    fn bad_rows_are_named_with_their_line() {
        let log = format!("{ENTRY}\nnot json\n{ENTRY}\n[1]\n");
        let read = read(log.as_bytes(), Provider::Entra).unwrap();
        assert_eq!(read.sign_ins.len(), 2);
        assert_eq!(read.bad.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
        let csv = "Date (UTC),Request ID,Username,IP address,Status\n1,2\n";
        let read = super::read(csv.as_bytes(), Provider::Entra).unwrap();
        assert_eq!((read.bad[0].line, read.bad_count), (2, 1));
    }

    #[test]
    fn what_is_no_log_says_so() {
        assert_eq!(read(b"", Provider::Okta), Err(ReadError::Empty));
        assert_eq!(read(&[0xff, 0xfe], Provider::Okta), Err(ReadError::Text));
        assert!(matches!(read(b"[1,", Provider::Okta), Err(ReadError::Json(_))));
        assert_eq!(read(&vec![b' '; MAX_FILE_BYTES + 1], Provider::Okta), Err(ReadError::TooLarge));
    }
}
