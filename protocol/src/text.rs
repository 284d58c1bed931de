//! Text from a device is data: made harmless before it reaches a terminal, a log or a line of text.

/// Makes `text` safe to print on one line: control characters, terminal escapes, line and
/// paragraph separators and bidirectional controls become `\u{…}`; longer than `max_chars` is cut with `…`.
pub fn printable(text: &str, max_chars: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max_chars.saturating_mul(4)));
    for (count, c) in text.chars().enumerate() {
        if count == max_chars {
            out.push('…');
            break;
        }
        if is_hostile(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether `c` can change how what follows or precedes it is shown.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Cuts `text` to at most `max_bytes`, at a character boundary.
pub fn truncate(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let mut end = max_bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_bidi_are_shown_not_obeyed() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\n", 80), "a\\u{1b}[31mb\\u{202e}c\\u{a}");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(printable("ééé", 2), "éé…");
        assert_eq!(truncate("ééé", 3), "é");
    }
}
