//! What keeps the machine awake, as the session manager records it.
//!
//! Always: only what logind keeps for itself; a desktop's own switch against sleep that no file shows is not seen.
//! Facts: `src/login/logind-inhibit.c` of systemd (`/run/systemd/inhibit/N`: `WHAT`, `MODE`, `UID`, `PID`, `WHO`, `WHY`, as
//! escaped assignments; `N.ref` is the holder's pipe). `WHY` is free text and is not kept.

use std::path::Path;

use bearing_protocol::fact::Inhibitor;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Inhibitor>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let listing = match root.list_dir(DIRECTORY, MAX_ENTRIES) {
        Ok(listing) => listing,
        Err(error) if error.is_missing() => {
            return Err(Unread::unsupported("no session manager keeps a list of what holds off sleep"));
        }
        Err(error) => return Err(error.into()),
    };
    if listing.truncated {
        gaps.add("lists of inhibitors", Why::OverLimit);
    }
    let mut inhibitors = Vec::new();
    for name in listing.names.iter().filter(|name| name.bytes().all(|b| b.is_ascii_digit())) {
        let path = Path::new(DIRECTORY).join(name);
        match root.read_text(&path, MAX_FILE_BYTES) {
            Ok(text) => match parse(&text) {
                Some(mut inhibitor) => {
                    inhibitor.since = root.metadata(&path).ok().and_then(|found| found.modified_at);
                    inhibitors.push(inhibitor);
                }
                None => gaps.add("inhibitors", Why::Malformed),
            },
            Err(error) => gaps.add_error("inhibitors", &error),
        }
    }
    let summary = format!("{} inhibitors", inhibitors.len());
    Ok(Reading::with_gaps(inhibitors, summary, gaps))
}

/// One inhibitor's file; `None` where it does not say what it holds off.
pub fn parse(text: &str) -> Option<Inhibitor> {
    let value = |name: &str| {
        let raw = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(unescape(raw))
    };
    let what: Vec<String> = value("WHAT")?
        .split(':')
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect();
    (!what.is_empty()).then(|| Inhibitor {
        what,
        who: value("WHO").unwrap_or_default(),
        mode: value("MODE").unwrap_or_default(),
        uid: value("UID").and_then(|text| text.parse().ok()),
        pid: value("PID").and_then(|text| text.parse().ok()),
        since: None,
    })
}

/// systemd's escapes (`cescape`): quotes around and `\xNN`, `\NNN` (octal) and single letters in a value.
fn unescape(raw: &str) -> String {
    let raw = bearing_protocol::text::truncate(raw, MAX_VALUE_BYTES);
    let raw = raw.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(raw);
    let mut bytes = Vec::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let hex = after.strip_prefix('x').and_then(|digits| digits.get(..2)).and_then(crate::sysfs::hex_u8);
        let octal = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let (byte, taken) = match (hex, octal, after.chars().next()) {
            (Some(byte), ..) => (Some(byte), 3),
            (None, Some(byte), _) => (Some(byte), 3),
            (None, None, Some(other)) => {
                bytes.extend_from_slice(other.to_string().as_bytes());
                (None, other.len_utf8())
            }
            (None, None, None) => (Some(b'\\'), 0),
        };
        bytes.extend(byte);
        rest = after.get(taken..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

const DIRECTORY: &str = "/run/systemd/inhibit";
const MAX_ENTRIES: usize = 1024;
const MAX_FILE_BYTES: usize = 8192;
const MAX_VALUE_BYTES: usize = 512;
const MAX_WORDS: usize = 16;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::Machine;

    #[test]
    fn inhibitors_are_read_with_what_they_hold_off() {
        let machine = Machine::new();
        machine
            .file(
                "/run/systemd/inhibit/3",
                "# This is private data. Do not parse.\nWHAT=sleep:idle\nMODE=block\nUID=1000\nPID=4711\n\
                 WHO=caffeine\\x20app\nWHY=a reason that is nobody's business\nFIFO=/run/systemd/inhibit/3.ref\n",
            )
            .fifo("/run/systemd/inhibit/3.ref")
            .file("/run/systemd/inhibit/4", "MODE=block\n");
        let reading = read(&machine.context()).unwrap();
        let [one] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!(
            (one.what.join(" "), one.mode.as_str(), one.who.as_str()),
            ("sleep idle".into(), "block", "caffeine app")
        );
        assert_eq!((one.uid, one.pid), (Some(1000), Some(4711)));
        assert!(one.since.is_some());
        assert_eq!(reading.gaps.describe(), "1 inhibitors: malformed");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,200}") {
            let _ = parse(&format!("WHAT={text}\nWHO=\\{text}"));
        }
    }
}
