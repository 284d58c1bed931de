//! Zip archives: one small file out of the central directory. Java programs are such archives.
//!
//! Always: sizes and offsets are claims; the directory, the file and what it unpacks to are bounded, and
//! an archive that does not add up gives nothing.
//!
//! Source of the format: PKWARE's APPNOTE, 4.3 and 4.4; RFC 1951.

use flate2::{Decompress, FlushDecompress, Status};

use super::read_at::ReadAt;
use crate::little_endian::{u16_at, u32_at};

/// The longest comment an archive can end with, and the record before it.
const MAX_END_BYTES: usize = 22 + 65_535;
/// Most bytes of the directory.
const MAX_DIRECTORY_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of one file, packed and unpacked.
const MAX_FILE_BYTES: usize = 256 * 1024;
/// Longest name.
const MAX_NAME_BYTES: usize = 1024;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The contents of the file called `name`. `None` where the bytes are no archive, or it has no such file,
/// or one over the limits.
pub fn parse_zip_entry(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    read_entry(&bytes, name)
}

/// As [`parse_zip_entry`], from anything that reads by offset.
pub(super) fn read_entry(source: &dyn ReadAt, name: &str) -> Option<Vec<u8>> {
    let size = source.size_bytes();
    let tail_bytes = usize::try_from(size).unwrap_or(usize::MAX).min(MAX_END_BYTES);
    let tail_at = size.checked_sub(tail_bytes as u64)?;
    let tail = source.read_at(tail_at, tail_bytes);
    let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let length = usize::try_from(u32_at(&tail, end + 12)?).ok()?;
    // Something may stand before the archive (a program that unpacks itself): the directory is where the
    // end says it lies behind it, and offsets are shifted by what stands before.
    let begin = (tail_at + end as u64).checked_sub(length as u64)?;
    let shift = begin.checked_sub(u64::from(u32_at(&tail, end + 16)?))?;
    let directory = source.read_at(begin, length.min(MAX_DIRECTORY_BYTES));
    let entry = find(&directory, name)?;
    if entry.packed_bytes > MAX_FILE_BYTES || entry.unpacked_bytes > MAX_FILE_BYTES {
        return None;
    }
    let local_at = shift.checked_add(entry.offset)?;
    let local = source.read_at(local_at, 30);
    if !local.starts_with(b"PK\x03\x04") {
        return None;
    }
    let skip = 30 + u64::from(u16_at(&local, 26)?) + u64::from(u16_at(&local, 28)?);
    let packed = source.read_at(local_at.checked_add(skip)?, entry.packed_bytes);
    match entry.method {
        STORED => Some(packed),
        DEFLATED => inflate(&packed, entry.unpacked_bytes),
        _ => None,
    }
}

struct Entry {
    method: u16,
    packed_bytes: usize,
    unpacked_bytes: usize,
    offset: u64,
}

/// Finds a file in the directory.
fn find(directory: &[u8], name: &str) -> Option<Entry> {
    let mut rest = directory;
    while rest.starts_with(b"PK\x01\x02") {
        let name_bytes = usize::from(u16_at(rest, 28)?);
        let behind = usize::from(u16_at(rest, 30)?) + usize::from(u16_at(rest, 32)?);
        if name_bytes <= MAX_NAME_BYTES && rest.get(46..46 + name_bytes)? == name.as_bytes() {
            return Some(Entry {
                method: u16_at(rest, 10)?,
                packed_bytes: usize::try_from(u32_at(rest, 20)?).ok()?,
                unpacked_bytes: usize::try_from(u32_at(rest, 24)?).ok()?,
                offset: u32_at(rest, 42)?.into(),
            });
        }
        rest = rest.get(46 + name_bytes + behind..)?;
    }
    None
}

/// Unpacks at most `limit` bytes, whatever the packed bytes would give.
fn inflate(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(limit.min(MAX_FILE_BYTES));
    let status = Decompress::new(false).decompress_vec(packed, &mut bytes, FlushDecompress::Finish).ok()?;
    (status == Status::StreamEnd || bytes.len() == limit).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made by Info-ZIP: `META-INF/MANIFEST.MF` deflated, `stored.txt` stored.
    const ARCHIVE: &[u8] = include_bytes!("../../captures/formats/small.jar");

    #[test]
    fn files_are_found_and_unpacked() {
        let manifest = parse_zip_entry(ARCHIVE, "META-INF/MANIFEST.MF").unwrap();
        assert!(manifest.starts_with(b"Manifest-Version: 1.0\r\n"), "{}", String::from_utf8_lossy(&manifest));
        assert_eq!(parse_zip_entry(ARCHIVE, "stored.txt").as_deref(), Some(&b"as it is\n"[..]));
        assert_eq!(parse_zip_entry(ARCHIVE, "META-INF"), None);
    }

    #[test]
    fn an_archive_behind_a_program_is_found() {
        let bytes = [&b"#!/bin/sh\nexec java -jar \"$0\"\n"[..], ARCHIVE].concat();
        assert!(parse_zip_entry(&bytes, "META-INF/MANIFEST.MF").is_some());
    }

    #[test]
    fn an_archive_cut_at_any_byte_is_survived() {
        for length in 0..ARCHIVE.len() {
            let _ = parse_zip_entry(&ARCHIVE[..length], "META-INF/MANIFEST.MF");
        }
        assert_eq!(parse_zip_entry(b"", "x"), None);
    }

    #[test]
    fn a_file_that_would_be_too_large_is_left() {
        let mut bytes = ARCHIVE.to_vec();
        let entry = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[entry + 24..entry + 28].copy_from_slice(&u32::MAX.to_le_bytes());
        let name = usize::from(u16_at(&bytes, entry + 28).unwrap());
        let name = String::from_utf8(bytes[entry + 46..entry + 46 + name].to_vec()).unwrap();
        assert_eq!(parse_zip_entry(&bytes, &name), None);
    }

    proptest! {
        #[test]
        fn a_flipped_archive_does_not_make_it_panic(at in 0..ARCHIVE.len(), value in any::<u8>(), second in 0..ARCHIVE.len()) {
            let mut bytes = ARCHIVE.to_vec();
            bytes[at] = value;
            bytes[second] = value;
            let _ = parse_zip_entry(&bytes, "META-INF/MANIFEST.MF");
            let _ = parse_zip_entry(&bytes, "stored.txt");
        }
    }
}
