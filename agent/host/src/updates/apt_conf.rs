//! apt.conf(5), as far as a setting's value needs it: `A::B "v";`, nested blocks, `#clear`.
//!
//! Always: files are given in the order in which apt reads them; the last value holds.

/// The last value of `name` (`APT::Periodic::Unattended-Upgrade`), names without case.
pub fn setting<'a>(texts: impl IntoIterator<Item = &'a str>, name: &str) -> Option<String> {
    let mut value = None;
    for text in texts {
        let mut scope: Vec<String> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for token in tokens(text).into_iter().take(MAX_TOKENS) {
            match token {
                Token::Word(word) => words.push(word),
                Token::Open => scope.push(words.drain(..).next().unwrap_or_default()),
                Token::Close => {
                    scope.pop();
                    words.clear();
                }
                Token::End => {
                    let mut drained = words.drain(..);
                    let Some(key) = drained.next() else { continue };
                    let full = scope.iter().map(String::as_str).chain([key.as_str()]);
                    let full = full.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::");
                    if full.eq_ignore_ascii_case(name) {
                        value = drained.next();
                    } else if key == "#clear" && drained.next().is_some_and(|k| clears(&k, name)) {
                        value = None;
                    }
                }
            }
        }
    }
    value
}

const MAX_TOKENS: usize = 100_000;

fn clears(cleared: &str, name: &str) -> bool {
    let head = name.get(..cleared.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(cleared))
}

enum Token {
    Word(String),
    Open,
    Close,
    End,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut block_comment = false;
    for line in text.lines() {
        let mut word = String::new();
        let mut quoted = false;
        let mut characters = line.chars().peekable();
        while let Some(c) = characters.next() {
            let next = characters.peek().copied();
            if block_comment {
                if c == '*' && next == Some('/') {
                    characters.next();
                    block_comment = false;
                }
                continue;
            }
            if quoted {
                if c == '"' {
                    quoted = false;
                    tokens.push(Token::Word(std::mem::take(&mut word)));
                } else {
                    word.push(c);
                }
                continue;
            }
            let starts_comment = c == '/' && next == Some('/')
                || c == '#' && word.is_empty() && !line.trim_start().starts_with("#clear");
            match c {
                _ if starts_comment => break,
                '/' if next == Some('*') => block_comment = true,
                '"' => quoted = true,
                '{' | '}' | ';' => {
                    if !word.is_empty() {
                        tokens.push(Token::Word(std::mem::take(&mut word)));
                    }
                    tokens.push(match c {
                        '{' => Token::Open,
                        '}' => Token::Close,
                        _ => Token::End,
                    });
                }
                c if c.is_whitespace() => {
                    if !word.is_empty() {
                        tokens.push(Token::Word(std::mem::take(&mut word)));
                    }
                }
                c => word.push(c),
            }
        }
        if !word.is_empty() {
            tokens.push(Token::Word(word));
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "APT::Periodic::Unattended-Upgrade";

    #[test]
    fn the_distribution_s_file_is_read_from_a_capture() {
        let text = include_str!("../../captures/linux-6.18/20auto-upgrades");
        assert_eq!(setting([text], NAME).as_deref(), Some("1"));
    }

    #[test]
    fn blocks_comments_and_order_are_minded() {
        let first =
            "apt { periodic { unattended-upgrade \"1\"; }; };\n// APT::Periodic::Unattended-Upgrade \"9\";\n";
        assert_eq!(setting([first], NAME).as_deref(), Some("1"));
        assert_eq!(
            setting([first, "APT::Periodic { Unattended-Upgrade \"0\"; };"], NAME).as_deref(),
            Some("0")
        );
        assert_eq!(setting([first, "#clear APT::Periodic;\n"], NAME), None);
        assert_eq!(setting(["/* APT::Periodic::Unattended-Upgrade \"1\";\n*/ # x\n"], NAME), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(APT::|Periodic|\\{|\\}|;|\"|/\\*|\\*/|//|#clear | |é|\n)*") {
            let _ = setting([text.as_str()], NAME);
        }
    }
}
