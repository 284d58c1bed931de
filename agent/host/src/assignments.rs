//! Files of `NAME=value` lines: os-release(5), `/etc/default/*`, logind's session files.
//!
//! Always: nothing is expanded or run; quotes are taken off; a line that is no assignment is skipped.
//! Where a name occurs twice the last value holds, as in a shell.

/// The assignments of a file, in order. Blank lines, comments and lines without `=` are left out.
pub fn parse_assignments(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        if line.starts_with('#') {
            return None;
        }
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name, unquote(value.trim())))
    })
}

/// The last value of `name`, empty values included.
pub fn last_value(text: &str, name: &str) -> Option<String> {
    parse_assignments(text).filter(|(key, _)| *key == name).last().map(|(_, value)| value)
}

/// Takes off shell quotes: single quotes keep all, double quotes and bare text obey `\`.
/// Bare text ends at ` #`.
fn unquote(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut quote = None;
    let mut characters = value.chars().peekable();
    let mut after_blank = false;
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => match characters.next() {
                // Inside double quotes `\` means itself before ordinary characters (POSIX 2.2.3).
                Some(next) if quote.is_none() || matches!(next, '$' | '`' | '"' | '\\') => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            (None, '#') if after_blank => break,
            (_, c) => out.push(c),
        }
        after_blank = quote.is_none() && c.is_whitespace();
    }
    if quote.is_none() { out.trim_end().to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_are_taken_off() {
        let text = "# c\nNAME=\"Debian GNU/Linux\"\nA='x $y'\nexport B=plain # why\nC=\"say \\\"hi\\\"\"\nbroken\n=x\n";
        let read: Vec<_> = parse_assignments(text).collect();
        assert_eq!(
            read,
            [
                ("NAME", "Debian GNU/Linux".to_owned()),
                ("A", "x $y".to_owned()),
                ("B", "plain".to_owned()),
                ("C", "say \"hi\"".to_owned()),
            ]
        );
    }

    #[test]
    fn the_last_assignment_holds() {
        assert_eq!(last_value("ENABLED=no\nENABLED=yes\n", "ENABLED").as_deref(), Some("yes"));
        assert_eq!(last_value("ENABLED=no\n", "OTHER"), None);
    }

    #[test]
    fn an_open_quote_does_not_hang_or_panic() {
        assert_eq!(last_value("A=\"open\\", "A").as_deref(), Some("open\\"));
    }
}
