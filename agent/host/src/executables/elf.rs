//! ELF headers, as far as an executable's identity needs them: System V gABI, chapter 4 and 5.
//!
//! Always: every offset and count in the file is a claim; reads are bounded whatever it claims, and what
//! does not add up is left out.

use bearing_protocol::fact::{Identity, IdentityKind};

use super::{go_build_info, read_at::ReadAt};

/// Most section headers that are looked at.
const MAX_SECTIONS: u16 = 512;
/// Most program headers that are looked at.
const MAX_SEGMENTS: u16 = 256;
/// Most bytes of one note segment.
const MAX_NOTE_BYTES: usize = 64 * 1024;
/// Most bytes of the section name table.
const MAX_NAMES_BYTES: usize = 64 * 1024;
/// Most bytes of `.comment` and `.upd_info`, and most lines of the first.
const MAX_COMMENT_BYTES: usize = 4 * 1024;
const MAX_COMMENTS: usize = 8;
/// Longest build id that is believed (SHA-1 has 20 bytes, `--build-id=0x…` may have more).
const MAX_BUILD_ID_BYTES: usize = 64;

const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const PF_W: u32 = 2;
const SHT_NOTE: u32 = 7;
const NT_GNU_BUILD_ID: u32 = 3;

/// What an ELF file says about where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElfIdentity {
    /// GNU build id, hex.
    pub build_id: Option<String>,
    /// Go main module path.
    pub go_module: Option<String>,
    /// Go main module version.
    pub go_version: Option<String>,
    /// The compiler's lines (`.comment`), and of an AppImage the project it is updated from.
    pub marks: Vec<Identity>,
}

/// Reads an ELF file's identity. `None` where the bytes are no ELF file.
pub fn read_elf_identity(bytes: &[u8]) -> Option<ElfIdentity> {
    identify(&bytes)
}

/// As [`read_elf_identity`], from anything that reads by offset: only headers, notes and the Go build
/// information are touched.
pub fn identify<R: ReadAt>(source: &R) -> Option<ElfIdentity> {
    let image = Image::open(source)?;
    let mut identity =
        ElfIdentity { build_id: image.build_id(), marks: image.comments(), ..ElfIdentity::default() };
    identity.marks.extend(image.app_image());
    if let Some(build) = go_build_info::find(&image) {
        identity.go_module = build.module;
        identity.go_version = build.version;
    }
    Some(identity)
}

/// One loadable or note segment.
#[derive(Clone, Copy, Debug)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_bytes: u64,
}

/// One section.
#[derive(Clone, Debug)]
struct Section {
    name: String,
    kind: u32,
    offset: u64,
    size: u64,
}

/// An ELF file whose headers were read.
pub(super) struct Image<'a, R: ReadAt> {
    source: &'a R,
    order: ByteOrder,
    wide: bool,
    segments: Vec<Segment>,
    sections: Vec<Section>,
}

/// Byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The unsigned number in the first 1, 2, 4 or 8 bytes of `bytes`; 0 where there are fewer.
    pub(super) fn number(self, bytes: &[u8], offset: usize, width: usize) -> u64 {
        let Some(field) = offset.checked_add(width).and_then(|end| bytes.get(offset..end)) else { return 0 };
        let fold = |value: u64, byte: &u8| value.wrapping_shl(8) | u64::from(*byte);
        match self {
            Self::Little => field.iter().rev().fold(0, fold),
            Self::Big => field.iter().fold(0, fold),
        }
    }
}

/// A number that is 16 or 32 bits wide by its place.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or_default()
}

impl<'a, R: ReadAt> Image<'a, R> {
    fn open(source: &'a R) -> Option<Self> {
        let header = source.read_at(0, 64);
        if !header.starts_with(b"\x7fELF") || header.len() < 52 {
            return None;
        }
        let wide = match header.get(4)? {
            1 => false,
            2 => true,
            _ => return None,
        };
        let order = match header.get(5)? {
            1 => ByteOrder::Little,
            2 => ByteOrder::Big,
            _ => return None,
        };
        let mut image = Self { source, order, wide, segments: Vec::new(), sections: Vec::new() };
        let short = |offset| u16::try_from(order.number(&header, offset, 2)).unwrap_or_default();
        let (segments_at, sections_at, counts) = if wide {
            (order.number(&header, 32, 8), order.number(&header, 40, 8), 54)
        } else {
            (order.number(&header, 28, 4), order.number(&header, 32, 4), 42)
        };
        image.read_segments(segments_at, short(counts), short(counts + 2));
        image.read_sections(sections_at, short(counts + 4), short(counts + 6), short(counts + 8));
        Some(image)
    }

    fn read_segments(&mut self, at: u64, size: u16, count: u16) {
        let smallest = if self.wide { 56 } else { 32 };
        if size < smallest || at == 0 {
            return;
        }
        let count = count.min(MAX_SEGMENTS);
        let table = self.source.read_at(at, usize::from(size) * usize::from(count));
        for entry in table.chunks_exact(usize::from(size)) {
            let n = |offset, width| self.order.number(entry, offset, width);
            self.segments.push(if self.wide {
                Segment {
                    kind: narrow(n(0, 4)),
                    flags: narrow(n(4, 4)),
                    offset: n(8, 8),
                    address: n(16, 8),
                    file_bytes: n(32, 8),
                }
            } else {
                Segment {
                    kind: narrow(n(0, 4)),
                    flags: narrow(n(24, 4)),
                    offset: n(4, 4),
                    address: n(8, 4),
                    file_bytes: n(16, 4),
                }
            });
        }
    }

    fn read_sections(&mut self, at: u64, size: u16, count: u16, names_index: u16) {
        let smallest = if self.wide { 64 } else { 40 };
        if size < smallest || at == 0 {
            return;
        }
        let table = self.source.read_at(at, usize::from(size) * usize::from(count.min(MAX_SECTIONS)));
        let entries: Vec<&[u8]> = table.chunks_exact(usize::from(size)).collect();
        let place = |entry: &[u8]| {
            if self.wide {
                (self.order.number(entry, 24, 8), self.order.number(entry, 32, 8))
            } else {
                (self.order.number(entry, 16, 4), self.order.number(entry, 20, 4))
            }
        };
        let names = entries.get(usize::from(names_index)).map(|entry| {
            let (offset, length) = place(entry);
            self.source.read_at(offset, bounded(length, MAX_NAMES_BYTES))
        });
        let names = names.unwrap_or_default();
        let sections = entries.iter().map(|entry| {
            let (offset, length) = place(entry);
            let start = usize::try_from(self.order.number(entry, 0, 4)).unwrap_or(usize::MAX);
            let name = names.get(start..).and_then(|rest| rest.split(|b| *b == 0).next()).unwrap_or_default();
            let name = name.get(..name.len().min(64)).unwrap_or_default();
            Section {
                name: String::from_utf8_lossy(name).into_owned(),
                kind: narrow(self.order.number(entry, 4, 4)),
                offset,
                size: length,
            }
        });
        self.sections = sections.collect();
    }

    /// The build id, from the note segments or, where a file has none, from its note sections.
    fn build_id(&self) -> Option<String> {
        let segments = self.segments.iter().filter(|s| s.kind == PT_NOTE).map(|s| (s.offset, s.file_bytes));
        let sections = self.sections.iter().filter(|s| s.kind == SHT_NOTE).map(|s| (s.offset, s.size));
        segments.chain(sections).take(16).find_map(|(offset, length)| {
            build_id_in(&self.source.read_at(offset, bounded(length, MAX_NOTE_BYTES)), self.order)
        })
    }

    /// The compilers' lines, each once.
    fn comments(&self) -> Vec<Identity> {
        let Some((offset, length)) = self.section(".comment") else { return Vec::new() };
        let bytes = self.source.read_at(offset, bounded(length, MAX_COMMENT_BYTES));
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == 0).filter(|line| !line.is_empty()).collect();
        lines.dedup();
        let line = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
        let mark = |text: &[u8]| Identity { kind: IdentityKind::Comment, value: line(text) };
        lines.into_iter().take(MAX_COMMENTS).map(mark).collect()
    }

    /// The payload of an AppImage by the project it is updated from. What it holds is compressed, this is not:
    /// `gh-releases-zsync|OWNER|PROJECT|latest|FILE` (AppImage specification, "Update information").
    fn app_image(&self) -> Option<Identity> {
        let magic = self.source.read_at(8, 3);
        if !matches!(magic.as_slice(), b"AI\x01" | b"AI\x02") {
            return None;
        }
        let (offset, length) = self.section(".upd_info")?;
        let text = self.source.read_at(offset, bounded(length, MAX_COMMENT_BYTES));
        let text = String::from_utf8_lossy(text.split(|byte| *byte == 0).next()?).into_owned();
        let mut fields = text.split('|');
        let by_project = fields.next()?.starts_with("gh-");
        let project = fields.nth(1).filter(|project| by_project && !project.is_empty())?;
        Some(Identity { kind: IdentityKind::AppImagePayload, value: project.to_owned() })
    }

    /// Where a section of this name lies in the file, and how long it says it is.
    pub(super) fn section(&self, name: &str) -> Option<(u64, u64)> {
        self.sections.iter().find(|s| s.name == name).map(|s| (s.offset, s.size))
    }

    /// The writable loaded segments, in the file's order: offset and length.
    pub(super) fn writable(&self) -> impl Iterator<Item = (u64, u64)> {
        let data = self.segments.iter().filter(|s| s.kind == PT_LOAD && s.flags & PF_W != 0);
        data.map(|s| (s.offset, s.file_bytes))
    }

    /// At most `length` bytes that would be loaded at `address`.
    pub(super) fn read_address(&self, address: u64, length: usize) -> Vec<u8> {
        let inside =
            |s: &&Segment| s.kind == PT_LOAD && address >= s.address && address - s.address < s.file_bytes;
        let Some(segment) = self.segments.iter().find(inside) else { return Vec::new() };
        let skip = address - segment.address;
        let Some(offset) = segment.offset.checked_add(skip) else { return Vec::new() };
        self.source.read_at(offset, bounded(segment.file_bytes - skip, length))
    }

    /// The file itself.
    pub(super) fn source(&self) -> &dyn ReadAt {
        self.source
    }
}

/// A length that the file claims, at most `limit`.
pub(super) fn bounded(claimed: u64, limit: usize) -> usize {
    usize::try_from(claimed).unwrap_or(usize::MAX).min(limit)
}

fn build_id_in(notes: &[u8], order: ByteOrder) -> Option<String> {
    let aligned = |length: usize| length.checked_add(3).map(|l| l & !3);
    let mut rest = notes;
    while rest.len() >= 12 {
        let name_bytes = usize::try_from(order.number(rest, 0, 4)).ok()?;
        let value_bytes = usize::try_from(order.number(rest, 4, 4)).ok()?;
        let kind = narrow(order.number(rest, 8, 4));
        let value_at = aligned(name_bytes)?.checked_add(12)?;
        let end = value_at.checked_add(aligned(value_bytes)?)?;
        let name = rest.get(12..12_usize.checked_add(name_bytes)?)?;
        let value = rest.get(value_at..value_at.checked_add(value_bytes)?)?;
        if kind == NT_GNU_BUILD_ID && name == b"GNU\0" && (1..=MAX_BUILD_ID_BYTES).contains(&value.len()) {
            return Some(hex::encode(value));
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A real program of Debian 12 (a stripped 64-bit position-independent one), cut after its headers.
    const TRUE_HEAD: &[u8] = include_bytes!("../../captures/linux-6.18/elf_true_head");

    #[test]
    fn the_build_id_of_a_real_program_is_read() {
        let identity = read_elf_identity(TRUE_HEAD).unwrap();
        let expected = include_str!("../../captures/linux-6.18/elf_true_build_id").trim();
        assert_eq!(identity.build_id.as_deref(), Some(expected));
        assert_eq!(identity.go_module, None);
    }

    /// An ELF file of one section besides the null one and the names.
    fn elf_with_section(name: &str, contents: &[u8]) -> Vec<u8> {
        let names = [b"\0", name.as_bytes(), b"\0"].concat();
        let mut bytes = vec![0; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[40] = 64;
        bytes[58..64].copy_from_slice(&[64, 0, 3, 0, 2, 0]);
        let at = 64 + 3 * 64;
        for (name_at, offset, size) in
            [(0, 0, 0), (1, at, contents.len()), (0, at + contents.len(), names.len())]
        {
            let mut entry = [0; 64];
            entry[0] = name_at;
            entry[24..32].copy_from_slice(&(offset as u64).to_le_bytes());
            entry[32..40].copy_from_slice(&(size as u64).to_le_bytes());
            bytes.extend(entry);
        }
        bytes.extend(contents);
        bytes.extend(names);
        bytes
    }

    fn marks(bytes: &[u8]) -> Vec<(IdentityKind, String)> {
        read_elf_identity(bytes).unwrap().marks.into_iter().map(|mark| (mark.kind, mark.value)).collect()
    }

    #[test]
    fn the_compilers_are_named_each_once() {
        let bytes = elf_with_section(".comment", b"\0rustc version 1.95.0\0GCC: 12\0GCC: 12\0");
        let comment = |text: &str| (IdentityKind::Comment, text.to_owned());
        assert_eq!(marks(&bytes), [comment("rustc version 1.95.0"), comment("GCC: 12")]);
    }

    #[test]
    fn an_app_image_is_known_by_the_project_it_is_updated_from() {
        let mut bytes =
            elf_with_section(".upd_info", b"gh-releases-zsync|rustdesk|rustdesk|latest|x*.zsync\0\0\0");
        assert_eq!(marks(&bytes), []);
        bytes[8..11].copy_from_slice(b"AI\x02");
        assert_eq!(marks(&bytes), [(IdentityKind::AppImagePayload, "rustdesk".to_owned())]);
    }

    #[test]
    fn a_file_cut_at_any_byte_is_read_as_far_as_it_goes() {
        for length in 0..TRUE_HEAD.len() {
            let _ = read_elf_identity(&TRUE_HEAD[..length]);
        }
        assert_eq!(read_elf_identity(b"#!/bin/sh\n"), None);
        assert_eq!(read_elf_identity(b""), None);
    }

    #[test]
    fn lying_counts_and_offsets_are_not_believed() {
        let mut bytes = TRUE_HEAD.to_vec();
        for field in [32..40, 40..48, 54..64] {
            bytes[field].fill(0xff);
        }
        assert_eq!(read_elf_identity(&bytes).unwrap().build_id, None);
    }

    #[test]
    fn a_note_longer_than_its_segment_is_left() {
        let note = [4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0, b'G', b'N', b'U', 0];
        assert_eq!(build_id_in(&note, ByteOrder::Little), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..600), wide in 1..=2_u8, order in 1..=2_u8) {
            let mut bytes = vec![0x7f, b'E', b'L', b'F', wide, order];
            bytes.extend(tail);
            let _ = read_elf_identity(&bytes);
        }

        #[test]
        fn a_flipped_real_file_does_not_make_it_panic(at in 0..TRUE_HEAD.len(), value in any::<u8>(), second in 0..64_usize) {
            let mut bytes = TRUE_HEAD.to_vec();
            bytes[at] = value;
            bytes[second] = value;
            let _ = read_elf_identity(&bytes);
        }
    }
}
