//! Files of `[Section]` and `key=value` lines: desktop entries, systemd units, simple INI files.
//!
//! Always: order is kept, so that a caller decides whether first or last holds; lines that are neither
//! are skipped; no line longer than the file itself is made.

/// One `key=value` line and the section it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Section name without brackets; empty before the first section.
    pub section: String,
    /// Key, without blanks around it.
    pub key: String,
    /// Value, without blanks around it; quotes are kept.
    pub value: String,
}

/// Whether a `\` at a line's end joins it with the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// systemd.syntax(7): the backslash becomes a blank; comment lines between are skipped.
    Backslash,
    /// Desktop Entry Specification: lines stand alone.
    None,
}

/// The entries of a file that are `wanted` by section and key, in order, at most `max_entries`. Others cost
/// nothing: a translated desktop entry is nine parts translations.
pub fn parse_sections(
    text: &str,
    continuation: Continuation,
    max_entries: usize,
    wanted: impl Fn(&str, &str) -> bool,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut section = String::new();
    let mut pending = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if continuation == Continuation::Backslash
            && let Some(head) = trimmed.strip_suffix('\\')
        {
            pending.push_str(head);
            pending.push(' ');
            continue;
        }
        let whole;
        let logical = if pending.is_empty() {
            trimmed
        } else {
            pending.push_str(trimmed);
            whole = std::mem::take(&mut pending);
            whole.trim()
        };
        if let Some(name) = logical.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = logical.split_once('=') {
            if !wanted(&section, key.trim_end()) {
                continue;
            }
            if entries.len() == max_entries {
                break;
            }
            entries.push(Entry {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            });
        }
    }
    entries
}

/// Splits a command line into words: blanks separate, single and double quotes join, `\` escapes the next
/// character (`\s` is a blank in both specifications). At most `max_words`.
pub fn split_words(command: &str, max_words: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut started = false;
    let mut quote = None;
    let mut characters = command.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                started = true;
            }
            (Some(open), c) if c == open => quote = None,
            (_, '\\') => {
                started = true;
                match characters.next() {
                    Some('s') => word.push(' '),
                    Some('t') => word.push('\t'),
                    Some('n') => word.push('\n'),
                    Some(next) => word.push(next),
                    None => word.push('\\'),
                }
            }
            (None, c) if c.is_whitespace() => {
                if started {
                    words.push(std::mem::take(&mut word));
                    started = false;
                    if words.len() == max_words {
                        return words;
                    }
                }
            }
            (_, c) => {
                word.push(c);
                started = true;
            }
        }
    }
    if started && words.len() < max_words {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sections_keep_their_entries_in_order() {
        let text =
            "[Unit]\nDescription=A \\\n# between\n  b\n[Service]\nExecStart=\nExecStart=/bin/x\nnoise\n";
        let read = parse_sections(text, Continuation::Backslash, 100, |_, _| true);
        let flat: Vec<_> =
            read.iter().map(|e| (e.section.as_str(), e.key.as_str(), e.value.as_str())).collect();
        assert_eq!(
            flat,
            [
                ("Unit", "Description", "A  b"),
                ("Service", "ExecStart", ""),
                ("Service", "ExecStart", "/bin/x")
            ]
        );
    }

    #[test]
    fn words_obey_quotes() {
        assert_eq!(
            split_words(r#""/opt/My App/run" --name='a b' c\ d "" "#, 10),
            ["/opt/My App/run", "--name=a b", "c d", ""]
        );
        assert_eq!(split_words("a b c", 2), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,400}|[\\[\\]=\\\\#;\\n a\"']{0,400}") {
            let entries = parse_sections(&text, Continuation::Backslash, 50, |_, _| true);
            prop_assert!(entries.len() <= 50);
            prop_assert!(split_words(&text, 5).len() <= 5);
        }
    }
}
