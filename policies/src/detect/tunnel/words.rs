//! Splits a command line of a unit or an autostart entry into words.
//!
//! Always: quotes and backslashes are obeyed as shells and systemd do; nothing is expanded.

/// The words of `command`, at most [`MAX_WORDS`].
pub(super) fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
        if words.len() >= MAX_WORDS {
            return words;
        }
    }
    words.extend(word);
    words
}

const MAX_WORDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(
            split(r#"sh -c "ssh -R 1:a:2 h" 'x y' a\ b"#),
            ["sh", "-c", "ssh -R 1:a:2 h", "x y", "a b"]
        );
        assert_eq!(split("  "), Vec::<String>::new());
        assert_eq!(split("a '' b"), ["a", "", "b"]);
        assert_eq!(split("a 'unclosed b"), ["a", "unclosed b"]);
    }
}
