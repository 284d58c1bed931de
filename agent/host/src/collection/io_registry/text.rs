//! `ioreg -l`: a drawing of the tree with the properties of each entry.

use super::{Entry, MAX_ENTRIES, known_key};
use crate::collection::plist::Value;

/// Reads the drawing; `None` where the text is something else.
pub fn parse(text: &str) -> Option<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    // The entries that are open, each with the column of its mark.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for line in text.lines().take(MAX_LINES) {
        let column = line.len() - line.trim_start_matches([' ', '|']).len();
        let body = line.get(column..).unwrap_or_default();
        if let Some(head) = body.strip_prefix("+-o ") {
            if entries.len() == MAX_ENTRIES {
                break;
            }
            while open.last().is_some_and(|(at, _)| *at >= column) {
                open.pop();
            }
            if open.len() == MAX_DEPTH {
                return None;
            }
            let parent = open.last().map(|(_, index)| *index);
            open.push((column, entries.len()));
            entries.push(entry(head, parent));
        } else if body.starts_with('"')
            && let Some(entry) = entries.last_mut()
            && let Some((key, value)) = body.get(1..).and_then(|rest| rest.split_once("\" = "))
            && let Some(key) = known_key(key)
            && let Some(value) = parse_value(value)
        {
            entry.properties.push((key, value));
        }
    }
    (!entries.is_empty()).then_some(entries)
}

/// `USB Receiver@14100000  <class IOUSBHostDevice, id 0x1000003a1, registered, …>`.
fn entry(head: &str, parent: Option<usize>) -> Entry {
    let (name, rest) = head.rsplit_once("  <class ").unwrap_or((head, ""));
    let class = rest.split([',', '>', ' ']).next().unwrap_or_default();
    let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
    Entry { name: name.to_owned(), class: class.to_owned(), parent, ..Entry::default() }
}

/// A plain value: `1133`, `"Logitech"`, `<6d042bc5>`, `Yes`. Arrays and dictionaries are passed over.
fn parse_value(text: &str) -> Option<Value> {
    let text = text.trim_end();
    if let Some(rest) = text.strip_prefix('"') {
        return Some(Value::Text(rest.strip_suffix('"').unwrap_or(rest).to_owned()));
    }
    if let Some(rest) = text.strip_prefix('<') {
        let inner = rest.strip_suffix('>')?;
        if let Some(quoted) = inner.strip_prefix('"') {
            return Some(Value::Text(quoted.strip_suffix('"').unwrap_or(quoted).to_owned()));
        }
        let packed: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
        return hex::decode(packed).ok().map(Value::Bytes);
    }
    match text {
        "Yes" => Some(Value::Flag(true)),
        "No" => Some(Value::Flag(false)),
        _ => text.parse().ok().map(Value::Number),
    }
}

const MAX_LINES: usize = 4_000_000;
const MAX_DEPTH: usize = 256;
