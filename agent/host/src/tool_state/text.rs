//! Small readers that many tools' files share: pairs of key and value, hosts in addresses, base 64.

use bearing_protocol::{
    fact::{Binding, BindingKind, ToolState},
    limits::MAX_TEXT_BYTES,
    text::printable,
};
use jiff::civil::DateTime;

/// `key = value` and `key: value` lines of INI, TOML and flat YAML: the section, the key in lower case, the value
/// without quotes and trailing comment. Lists and nested tables give their own lines.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (String, String, &str)> {
    let mut section = String::new();
    text.lines().take(MAX_LINES).filter_map(move |line| {
        let line = line.trim().trim_start_matches("- ").trim_start();
        if line.starts_with(['#', ';']) {
            return None;
        }
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']', ' ']).to_ascii_lowercase();
            return None;
        }
        let at = line.find(['=', ':'])?;
        let (key, value) = (line.get(..at)?.trim(), line.get(at + 1..)?.trim());
        let plain =
            !key.is_empty() && key.len() <= MAX_KEY_BYTES && !key.contains(['"', '\'', '{', '}', ' ']);
        plain.then(|| (section.clone(), key.to_ascii_lowercase(), unquoted(value)))
    })
}

fn unquoted(value: &str) -> &str {
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let rest = value.get(1..).unwrap_or_default();
            rest.split(quote).next().unwrap_or_default()
        }
        _ => value.split(" #").next().unwrap_or_default().trim_end(),
    }
}

/// Whether a setting is switched on, in any of the usual words.
pub(super) fn is_on(value: &str) -> bool {
    ["1", "y", "yes", "true", "on", "enabled"].contains(&value.trim().to_ascii_lowercase().as_str())
}

/// The host in an address: scheme, user, port and path are left out.
pub(super) fn host_of(address: &str) -> Option<&str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next()?;
    let rest = rest.rsplit('@').next()?;
    let host = match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => rest.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

/// The first host name in a text of unknown form: letters, at least two dots, no file's ending.
pub(super) fn first_host(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    text.split(|c| !is_part(c)).map(|word| word.trim_matches('.')).find(|word| {
        let end = word.rsplit('.').next().unwrap_or_default();
        let letters = end.len() >= 2 && end.bytes().all(|byte| byte.is_ascii_alphabetic());
        word.matches('.').count() >= 2 && letters && word.len() <= MAX_HOST_BYTES
    })
}

/// Standard or URL-safe base 64, padding optional; `None` where a character is neither.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// A log's text: UTF-16 where it begins or looks so, else UTF-8.
pub(super) fn decoded(bytes: &[u8]) -> String {
    let (body, wide) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, true),
        [_, 0, _, 0, ..] => (bytes, true),
        _ => (bytes, false),
    };
    if !wide {
        return String::from_utf8_lossy(body).into_owned();
    }
    let unit = |pair: &[u8]| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    };
    char::decode_utf16(body.chunks_exact(2).map(unit)).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

/// The newest of some times, which the log writes in UTC.
pub(super) fn newest(times: impl Iterator<Item = DateTime>) -> Option<bearing_protocol::Timestamp> {
    let at = times.max()?;
    Some(jiff::tz::TimeZone::UTC.to_ambiguous_zoned(at).compatible().ok()?.timestamp())
}

/// Adds what a tool answers to; empty names and repetitions are left out.
pub(super) fn bind(state: &mut ToolState, kind: BindingKind, value: &str) {
    let value = printable(value.trim(), MAX_TEXT_BYTES);
    let binding = Binding { kind, value };
    if !binding.value.is_empty() && state.bindings.len() < MAX_BINDINGS && !state.bindings.contains(&binding)
    {
        state.bindings.push(binding);
    }
}

/// Adds another name of what a tool answers to.
pub(super) fn alias(state: &mut ToolState, kind: BindingKind, value: &str) {
    let mut other = ToolState::default();
    bind(&mut other, kind, value);
    if state.aliases.len() < MAX_BINDINGS {
        state.aliases.append(&mut other.bindings);
    }
}

/// Adds a switch, once.
pub(super) fn feature(state: &mut ToolState, name: &str) {
    if state.features.len() < MAX_FEATURES && !state.features.iter().any(|known| known == name) {
        state.features.push(name.to_owned());
    }
}

const MAX_LINES: usize = 10_000;
const MAX_KEY_BYTES: usize = 128;
const MAX_HOST_BYTES: usize = 253;
/// Most names that one file gives.
const MAX_BINDINGS: usize = 32;
const MAX_FEATURES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_every_form_are_read() {
        let text = "a = 1 # x\n[Options]\nkey-b = 'v = w'\n; c=1\n- d: \"e\"\n{\"f\": 1}\ng:\n";
        let read: Vec<_> = pairs(text).collect();
        let expected =
            [("", "a", "1"), ("options", "key-b", "v = w"), ("options", "d", "e"), ("options", "g", "")];
        assert_eq!(read, expected.map(|(s, k, v)| (s.to_owned(), k.to_owned(), v)));
    }

    #[test]
    fn hosts_are_found_in_addresses() {
        assert_eq!(host_of("wss://u@mesh.example.org:443/agent.ashx"), Some("mesh.example.org"));
        assert_eq!(host_of("[::1]:80"), Some("::1"));
        assert_eq!(host_of("rs-ny.rustdesk.com:21116"), Some("rs-ny.rustdesk.com"));
        assert_eq!(host_of("https:///x"), None);
        assert_eq!(first_host("<a v=\"1.2.3\">app.eu.example.com:443</a>"), Some("app.eu.example.com"));
        assert_eq!(first_host("no host 1.2.3.4"), None);
    }

    #[test]
    fn base64_of_both_alphabets_is_read() {
        assert_eq!(base64("aGk_"), Some(b"hi?".to_vec()));
        assert_eq!(base64("aGk/"), Some(b"hi?".to_vec()));
        assert_eq!(base64("aGkh\nIQ=="), Some(b"hi!!".to_vec()));
        assert_eq!(base64("a*"), None);
    }

    #[test]
    fn wide_logs_are_read() {
        assert_eq!(decoded(b"\xff\xfea\0b\0"), "ab");
        assert_eq!(decoded(b"a\0b\0c"), "ab");
        assert_eq!(decoded(b"ab"), "ab");
    }
}
