//! Kernel lines in the journal files of systemd.
//!
//! Always: only lines of the kernel's own USB and SCSI drivers are looked up, through the file's index of fields: nothing
//! else in it is read; every step is bounded, offsets are taken as claims, loops end; compressed objects are counted,
//! not unpacked.
//! Facts: `docs/JOURNAL_FILE_FORMAT.md` and `src/libsystemd/sd-journal/journal-def.h` of systemd (structures, flags,
//! the compact form of version 252).

use std::collections::BTreeSet;

use bearing_protocol::Timestamp;

use super::kernel_lines::KernelLine;
use crate::executables::read_at::ReadAt;
use crate::little_endian::{u32_at, u64_at};

/// A file that is no journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum JournalFileError {
    #[error("not a journal file of systemd")]
    Signature,
    #[error("its header is cut off")]
    Header,
    #[error("it is of a newer form (incompatible flags {0:#x})")]
    Newer(u32),
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelLines {
    /// Lines, oldest first.
    pub lines: Vec<KernelLine>,
    /// Objects that are compressed and were not unpacked.
    pub compressed: u64,
    /// Whether the file's structure was not what it claims, or there was more than the limits allow.
    pub incomplete: bool,
}

/// Reads a whole journal file.
///
/// # Errors
/// Where it is none.
pub fn parse(bytes: &[u8]) -> Result<KernelLines, JournalFileError> {
    read(bytes)
}

/// Reads a journal file piece by piece.
///
/// # Errors
/// Where it is none.
pub(super) fn read<R: ReadAt + ?Sized>(file: &R) -> Result<KernelLines, JournalFileError> {
    let header = file.read_at(0, HEADER_BYTES);
    if !header.starts_with(SIGNATURE) {
        return Err(JournalFileError::Signature);
    }
    let flags = u32_at(&header, 12).ok_or(JournalFileError::Header)?;
    if flags & !KNOWN_FLAGS != 0 {
        return Err(JournalFileError::Newer(flags));
    }
    let fields = u64_at(&header, 120).zip(u64_at(&header, 128)).ok_or(JournalFileError::Header)?;
    let mut reader =
        Reader { file, compact: flags & COMPACT != 0, found: KernelLines::default(), steps: MAX_STEPS };
    let mut entries = BTreeSet::new();
    if let Some(field) = reader.field(fields.0, fields.1, b"_KERNEL_SUBSYSTEM") {
        for subsystem in reader.values(field) {
            reader.entries(&subsystem, &mut entries);
        }
    }
    if entries.len() > MAX_ENTRIES {
        reader.found.incomplete = true;
    }
    // Offsets grow as the file does: the newest are last.
    let skip = entries.len().saturating_sub(MAX_ENTRIES);
    let mut others = BTreeSet::new();
    for offset in entries.into_iter().skip(skip) {
        reader.entry(offset, &mut others);
    }
    reader.found.lines.sort_by_key(|line| line.at);
    Ok(reader.found)
}

struct Reader<'a, R: ?Sized> {
    file: &'a R,
    compact: bool,
    found: KernelLines,
    /// Objects that may still be read.
    steps: u32,
}

/// An object's head and the beginning of the rest.
struct Object {
    kind: u8,
    flags: u8,
    size: u64,
    bytes: Vec<u8>,
}

impl<R: ReadAt + ?Sized> Reader<'_, R> {
    /// The object at `offset`, at most `wanted` bytes of it; `None` where it is not of this kind.
    fn object(&mut self, offset: u64, kind: u8, wanted: usize) -> Option<Object> {
        if self.steps == 0 {
            self.found.incomplete = true;
            return None;
        }
        self.steps -= 1;
        if offset == 0 || !offset.is_multiple_of(8) {
            self.found.incomplete = true;
            return None;
        }
        let bytes = self.file.read_at(offset, wanted);
        let object = (|| {
            let size = u64_at(&bytes, 8)?;
            Some(Object { kind: *bytes.first()?, flags: *bytes.get(1)?, size, bytes: Vec::new() })
        })();
        match object {
            Some(object) if object.kind == kind && object.size >= OBJECT_HEAD => {
                let end = usize::try_from(object.size).unwrap_or(usize::MAX).min(bytes.len());
                Some(Object { bytes: bytes.get(..end).unwrap_or_default().to_vec(), ..object })
            }
            _ => {
                self.found.incomplete = true;
                None
            }
        }
    }

    /// The first value of the field called `name`, found through the table of fields.
    fn field(&mut self, table: u64, table_bytes: u64, name: &[u8]) -> Option<u64> {
        let length = usize::try_from(table_bytes).unwrap_or(usize::MAX).min(MAX_FIELD_TABLE_BYTES);
        let table = self.file.read_at(table, length);
        for bucket in table.chunks_exact(16) {
            let mut next = u64_at(bucket, 0).unwrap_or_default();
            for _ in 0..MAX_CHAIN {
                if next == 0 {
                    break;
                }
                let Some(field) = self.object(next, FIELD, FIELD_PAYLOAD + MAX_FIELD_NAME) else { break };
                if field.bytes.get(FIELD_PAYLOAD..) == Some(name) {
                    return u64_at(&field.bytes, 32).filter(|head| *head != 0);
                }
                next = u64_at(&field.bytes, 24).unwrap_or_default();
            }
        }
        None
    }

    /// Of a field's values, those of the subsystems that name USB devices, as the place of their list of entries.
    fn values(&mut self, first: u64) -> Vec<Object> {
        let mut wanted = Vec::new();
        let mut next = first;
        for _ in 0..MAX_CHAIN {
            if next == 0 {
                break;
            }
            let Some(data) = self.object(next, DATA, self.payload() + MAX_FIELD_NAME) else { break };
            next = u64_at(&data.bytes, 32).unwrap_or_default();
            let payload = data.bytes.get(self.payload()..).unwrap_or_default();
            if SUBSYSTEMS.contains(&payload) {
                wanted.push(data);
            }
        }
        wanted
    }

    /// Offsets of the entries that hold a value.
    fn entries(&mut self, data: &Object, into: &mut BTreeSet<u64>) {
        into.extend(u64_at(&data.bytes, 40).filter(|offset| *offset != 0));
        let mut next = u64_at(&data.bytes, 48).unwrap_or_default();
        for _ in 0..MAX_CHAIN {
            if next == 0 || into.len() >= MAX_OFFSETS {
                break;
            }
            let Some(array) = self.object(next, ENTRY_ARRAY, MAX_ARRAY_BYTES) else { break };
            next = u64_at(&array.bytes, 16).unwrap_or_default();
            let items = array.bytes.get(24..).unwrap_or_default();
            into.extend(self.offsets(items, 8).take(MAX_OFFSETS));
        }
    }

    /// An entry's time and message.
    fn entry(&mut self, offset: u64, others: &mut BTreeSet<u64>) {
        let Some(entry) = self.object(offset, ENTRY, MAX_ENTRY_BYTES) else { return };
        let at = u64_at(&entry.bytes, 24)
            .and_then(|micros| i64::try_from(micros).ok())
            .and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let items: Vec<u64> = self.offsets(entry.bytes.get(64..).unwrap_or_default(), 16).collect();
        for item in items {
            if others.contains(&item) {
                continue;
            }
            let Some(data) = self.object(item, DATA, self.payload() + MAX_MESSAGE_BYTES) else { return };
            if data.flags & COMPRESSED != 0 {
                self.found.compressed += 1;
                others.insert(item);
                continue;
            }
            let payload = data.bytes.get(self.payload()..).unwrap_or_default();
            match payload.strip_prefix(b"MESSAGE=") {
                Some(message) => {
                    let text = String::from_utf8_lossy(message).into_owned();
                    self.found.lines.push(KernelLine { at, text });
                    return;
                }
                None => {
                    others.insert(item);
                }
            }
        }
    }

    /// Offsets in a list whose items are `width` bytes, or 4 in the compact form.
    fn offsets<'b>(&self, items: &'b [u8], width: usize) -> impl Iterator<Item = u64> + use<'b, R> {
        let compact = self.compact;
        let width = if compact { 4 } else { width };
        items
            .chunks_exact(width)
            .filter_map(move |item| if compact { u32_at(item, 0).map(u64::from) } else { u64_at(item, 0) })
            .filter(|offset| *offset != 0)
    }

    const fn payload(&self) -> usize {
        if self.compact { 72 } else { 64 }
    }
}

const SIGNATURE: &[u8] = b"LPKSHHRH";
const HEADER_BYTES: usize = 208;
/// `HEADER_INCOMPATIBLE_*`: compressed with XZ, LZ4, ZSTD; keyed hash; compact.
const KNOWN_FLAGS: u32 = 0b1_1111;
const COMPACT: u32 = 1 << 4;
/// `OBJECT_COMPRESSED_*`.
const COMPRESSED: u8 = 0b111;
const OBJECT_HEAD: u64 = 16;
/// `OBJECT_*`.
const DATA: u8 = 1;
const FIELD: u8 = 2;
const ENTRY: u8 = 3;
const ENTRY_ARRAY: u8 = 6;
const FIELD_PAYLOAD: usize = 40;
const SUBSYSTEMS: [&[u8]; 2] = [b"_KERNEL_SUBSYSTEM=usb", b"_KERNEL_SUBSYSTEM=scsi"];
/// Longest name of a field, and value that is compared.
const MAX_FIELD_NAME: usize = 64;
/// Longest kernel line that is kept.
const MAX_MESSAGE_BYTES: usize = 512;
const MAX_ENTRY_BYTES: usize = 4096;
const MAX_ARRAY_BYTES: usize = 512 * 1024;
/// systemd's own table of fields has 333 buckets.
const MAX_FIELD_TABLE_BYTES: usize = 64 * 1024;
/// Longest list of objects that hang on one another.
const MAX_CHAIN: usize = 4096;
/// Most entries that are listed, and that are read: the newest.
const MAX_OFFSETS: usize = 65_536;
const MAX_ENTRIES: usize = 4096;
/// Most objects read of one file.
const MAX_STEPS: u32 = 200_000;

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    fn capture(bytes: &[u8]) -> Vec<u8> {
        let mut whole = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut whole).unwrap();
        whole
    }

    fn captures() -> [Vec<u8>; 3] {
        [
            capture(include_bytes!("../../captures/systemd-252/compact.journal.gz")),
            capture(include_bytes!("../../captures/systemd-252/regular.journal.gz")),
            capture(include_bytes!("../../captures/systemd-252/unkeyed.journal.gz")),
        ]
    }

    #[test]
    fn files_that_systemd_wrote_are_read_in_all_their_forms() {
        for bytes in captures() {
            let found = parse(&bytes).unwrap();
            assert!(!found.incomplete);
            assert_eq!(found.lines.len(), 11, "of 313 entries, those of USB and SCSI: {:?}", found.lines);
            let line = &found.lines[3];
            assert_eq!(
                line.text,
                "usb 1-1: New USB device found, idVendor=1d6b, idProduct=0104, bcdDevice= 1.00"
            );
            assert_eq!(line.at, Some("2025-11-25T02:10:10Z".parse().unwrap()));
            assert_eq!(found.lines[10].text, "usb 1-1: USB disconnect, device number 5");
        }
    }

    #[test]
    fn what_is_no_journal_is_refused() {
        assert_eq!(parse(b""), Err(JournalFileError::Signature));
        assert_eq!(parse(b"LPKSHHRH"), Err(JournalFileError::Header));
        let mut newer = captures()[0][..256].to_vec();
        newer[12] = 0xff;
        assert_eq!(parse(&newer), Err(JournalFileError::Newer(0xff)));
    }

    #[test]
    fn lists_that_hang_on_themselves_end() {
        let [mut bytes, ..] = captures();
        // Every offset in the file's first half is made to point at one object.
        let at = u64_at(&bytes, 120).unwrap();
        for bucket in (usize::try_from(at).unwrap()..).step_by(16).take(333) {
            bytes[bucket..bucket + 8].copy_from_slice(&at.to_le_bytes());
        }
        assert!(parse(&bytes).unwrap().incomplete);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn changed_bytes_are_survived(changes in proptest::collection::vec((0_usize..60_000, any::<u8>()), 1..200)) {
            let [mut bytes, ..] = captures();
            bytes.truncate(400_000);
            for (at, value) in changes {
                bytes[at] = value;
            }
            let _ = parse(&bytes);
        }
    }
}
