//! Electron's application archive: the name in its `package.json`.
//!
//! Always: sizes and offsets are claims; header and file are bounded. The header is JSON and is read as a
//! stream: of an archive with ten thousand files nothing but one entry is kept.
//!
//! Source of the format: the Electron project's `asar` (a pickle of the header's size, a pickle of the header
//! as text, then the files; an entry's offset counts from the end of the header).

use serde::Deserialize;

use super::{package_json::parse_package_name, read_at::ReadAt};
use crate::little_endian::u32_at;

/// Most bytes of the header; a large editor has some four million.
const MAX_HEADER_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of `package.json`.
const MAX_FILE_BYTES: usize = 256 * 1024;

/// The header, as far as it is needed.
#[derive(Deserialize)]
struct Header {
    files: Files,
}

#[derive(Deserialize)]
struct Files {
    #[serde(rename = "package.json")]
    package: Entry,
}

#[derive(Deserialize)]
struct Entry {
    size: u64,
    offset: String,
}

/// The name of the application in an archive. `None` where the bytes are no such archive or name none.
pub fn parse_asar_name(bytes: &[u8]) -> Option<String> {
    application_name(&bytes)
}

/// As [`parse_asar_name`], from anything that reads by offset.
pub(super) fn application_name(source: &dyn ReadAt) -> Option<String> {
    let sizes = source.read_at(0, 16);
    let [of_size, of_header, _, text_bytes] = [0, 4, 8, 12].map(|at| u32_at(&sizes, at));
    // The first pickle holds one number.
    if of_size? != 4 {
        return None;
    }
    let text_bytes = usize::try_from(text_bytes?).ok().filter(|bytes| *bytes <= MAX_HEADER_BYTES)?;
    let text = source.read_at(16, text_bytes);
    let entry = serde_json::from_slice::<Header>(&text).ok()?.files.package;
    let begin = u64::from(of_header?).checked_add(8)?.checked_add(entry.offset.parse().ok()?)?;
    let length = usize::try_from(entry.size).ok().filter(|bytes| *bytes <= MAX_FILE_BYTES)?;
    parse_package_name(&source.read_at(begin, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Packed by the Electron project's own tool: `index.js`, `lib/a.js`, `package.json`.
    const ARCHIVE: &[u8] = include_bytes!("../../captures/formats/small.asar");

    #[test]
    fn the_application_is_named() {
        assert_eq!(parse_asar_name(ARCHIVE).as_deref(), Some("example-remote-desktop"));
    }

    #[test]
    fn an_archive_cut_at_any_byte_is_survived() {
        for length in 0..ARCHIVE.len() {
            let _ = parse_asar_name(&ARCHIVE[..length]);
        }
    }

    #[test]
    fn headers_that_nest_without_end_are_left() {
        let text = "{\"files\":".repeat(100_000);
        let length = u32::try_from(text.len()).unwrap();
        let numbers = [4, length + 8, length + 4, length];
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes.extend(text.as_bytes());
        assert_eq!(parse_asar_name(&bytes), None);
    }

    proptest! {
        #[test]
        fn a_flipped_archive_does_not_make_it_panic(at in 0..ARCHIVE.len(), value in any::<u8>(), second in 0..ARCHIVE.len()) {
            let mut bytes = ARCHIVE.to_vec();
            bytes[at] = value;
            bytes[second] = value;
            let _ = parse_asar_name(&bytes);
        }
    }
}
