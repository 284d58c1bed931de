//! Comma-separated values. RFC 4180, and a byte order mark in front.
//!
//! Always: each record comes with the line it begins on; a quoted field may hold line ends; a record has as many fields
//! as it has.

/// A record and the line it begins on, from 1.
pub(crate) type Record = (usize, Vec<String>);

/// Splits a text into records; empty lines are none.
pub(crate) fn records(text: &str) -> Vec<Record> {
    let mut records = Vec::new();
    let mut fields = Vec::new();
    let mut field = String::new();
    let (mut line, mut begun, mut quoted, mut touched) = (1, 1, false, false);
    let mut rest = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\n' {
            line += 1;
        }
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => field.push(c),
            '"' if field.is_empty() => {
                quoted = true;
                touched = true;
            }
            ',' => {
                fields.push(std::mem::take(&mut field));
                touched = true;
            }
            '\r' => {}
            '\n' => {
                if touched || !field.is_empty() {
                    fields.push(std::mem::take(&mut field));
                    records.push((begun, std::mem::take(&mut fields)));
                }
                (begun, touched) = (line, false);
            }
            _ => field.push(c),
        }
    }
    if touched || !field.is_empty() {
        fields.push(field);
        records.push((begun, fields));
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_quotes_and_lines() {
        let read = records("\u{feff}a,b\r\n\"1,\"\"x\"\"\n2\",\r\n\r\n3,4");
        let want = [(1, vec!["a", "b"]), (2, vec!["1,\"x\"\n2", ""]), (5, vec!["3", "4"])];
        let read: Vec<_> =
            read.iter().map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect())).collect();
        assert_eq!(read, want);
        assert!(records("").is_empty() && records("\n\n").is_empty());
        assert_eq!(records("\"open")[0].1, ["open"]);
    }
}
