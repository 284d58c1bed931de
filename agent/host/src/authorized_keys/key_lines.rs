//! Lines of an `authorized_keys` file: sshd(8), "AUTHORIZED_KEYS FILE FORMAT".
//!
//! Always: what leaves this module is the SHA-256 of the key's blob (the digest that `ssh-keygen -l`
//! shows as `SHA256:`); options and comments are passed over and kept nowhere.

use bearing_protocol::digest::Digest;

/// Longest line the server itself takes (`SSH_MAX_PUBKEY_BYTES` with room for options).
const MAX_LINE_BYTES: usize = 16 * 1024;

/// The digests of the keys in a file, at most `max_keys`, and how many lines were no key.
pub fn parse_key_lines(text: &str, max_keys: usize) -> (Vec<Digest>, u32) {
    let mut keys = Vec::new();
    let mut skipped = 0_u32;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match key_of(line) {
            Some(digest) if keys.len() < max_keys => keys.push(digest),
            _ => skipped = skipped.saturating_add(1),
        }
    }
    (keys, skipped)
}

fn key_of(line: &str) -> Option<Digest> {
    if line.len() > MAX_LINE_BYTES {
        return None;
    }
    let words: Vec<&str> = outside_quotes(line).collect();
    // `[options] type blob [comment]`: the type stands first or second.
    let at = words.iter().take(2).position(|word| is_key_type(word))?;
    let blob = decode_base64(words.get(at + 1)?)?;
    // The blob starts with the length and text of its own type; certificates' and keys' alike.
    let kind = words.get(at)?.as_bytes();
    let named = blob.get(4..4 + kind.len())?;
    (named == kind).then(|| Digest::of(&blob))
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"].iter().any(|prefix| word.starts_with(prefix))
}

/// Words separated by blanks that stand outside double quotes.
fn outside_quotes(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    line.split(move |c: char| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        !quoted && c.is_ascii_whitespace()
    })
    .filter(|word| !word.is_empty())
}

/// Standard base64 with padding (RFC 4648, section 4). `None` where a character is not of it.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKEYBLOBPLACEHOLDERKEYBLOBPLACEHOLDERKEY";

    #[test]
    fn keys_are_digested_as_ssh_keygen_does() {
        let text = include_str!("../../captures/linux-6.18/authorized_keys");
        let (keys, skipped) = parse_key_lines(text, 10);
        // `ssh-keygen -lf` on the same file, turned from base64 into hex.
        let expected: Vec<&str> =
            include_str!("../../captures/linux-6.18/authorized_keys_digests").lines().collect();
        assert_eq!(keys.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        assert_eq!(skipped, 0);
    }

    #[test]
    fn lines_that_are_no_key_are_counted() {
        let text = format!(
            "# c\n\nnonsense\nssh-rsa\nssh-rsa ====\nssh-rsa {}\nssh-rsa AAAA!\n",
            "A".repeat(20_000)
        );
        assert_eq!(parse_key_lines(&text, 10), (vec![], 5));
        let (keys, _) = parse_key_lines(&format!("command=\"echo \\\" ssh-rsa x\" {KEY} me\n"), 10);
        assert_eq!(keys.len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(ssh-rsa|ecdsa-|AAAA|\"|\\\\| |=|é|\n)*") {
            let _ = parse_key_lines(&text, 3);
        }
    }
}
