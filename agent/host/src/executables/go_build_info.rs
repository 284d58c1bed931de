//! The build information that the Go linker leaves in every program, stripped or not.
//!
//! Source of the format: the Go project's `debug/buildinfo`. A 32-byte header at a 16-byte boundary:
//! 14 bytes of magic, pointer size, flags; since Go 1.18 (flag 2) two strings with varint lengths follow
//! inline, before it two pointers to Go string headers did. The module text is wrapped in 16-byte marks.

use super::{
    elf::{ByteOrder, Image, bounded},
    read_at::ReadAt,
};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER_BYTES: usize = 32;
const ALIGNMENT: usize = 16;
/// How far the header is searched where no section names its place.
const MAX_SEARCH_BYTES: usize = 1024 * 1024;
/// Most bytes of the module text: large programs list some thousand dependencies.
const MAX_MODULE_BYTES: usize = 512 * 1024;
/// Longest Go version and longest path that is kept.
const MAX_NAME_BYTES: usize = 512;
const MARK_BYTES: usize = 16;

/// The main module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoBuild {
    /// Module path, or the package path where no module is recorded.
    pub module: Option<String>,
    /// Module version (`v1.2.3`, `(devel)`).
    pub version: Option<String>,
}

/// Finds and reads the build information of an ELF image.
pub(super) fn find<R: ReadAt>(image: &Image<'_, R>) -> Option<GoBuild> {
    let section = image.section(".go.buildinfo");
    let places = section.into_iter().chain(image.writable().take(4));
    let loaded = |address, length| image.read_address(address, length);
    places.filter_map(|(offset, length)| find_in(image.source(), offset, length, &loaded)).next()
}

/// Finds and reads it in `length` bytes from `offset` of a file; `loaded` gives what would be at an address.
pub(super) fn find_in(
    source: &dyn ReadAt,
    offset: u64,
    length: u64,
    loaded: &dyn Fn(u64, usize) -> Vec<u8>,
) -> Option<GoBuild> {
    let window = source.read_at(offset, bounded(length, MAX_SEARCH_BYTES));
    let index = window.chunks(ALIGNMENT).position(|chunk| chunk.starts_with(MAGIC))?;
    let start = index * ALIGNMENT;
    let header = window.get(start..start + HEADER_BYTES)?;
    let flags = *header.get(15)?;
    if flags & 2 != 0 {
        let strings = offset.checked_add((start + HEADER_BYTES) as u64)?;
        return read_inline(&source.read_at(strings, MAX_MODULE_BYTES + MAX_NAME_BYTES));
    }
    let order = if flags & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big };
    let width = match header.get(14)? {
        4 => 4,
        8 => 8,
        _ => return None,
    };
    let string = loaded(order.number(header, 16 + width, width), 2 * width);
    let length = bounded(order.number(&string, width, width), MAX_MODULE_BYTES);
    Some(parse_module_text(&loaded(order.number(&string, 0, width), length)))
}

/// Two strings, Go's version and the module text.
fn read_inline(bytes: &[u8]) -> Option<GoBuild> {
    let (_go, rest) = inline_string(bytes)?;
    Some(parse_module_text(inline_string(rest)?.0))
}

/// A string with its length before it as a varint (seven bits a byte, low first).
fn inline_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    for (index, byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let start = index + 1;
            let end = start.checked_add(length)?;
            // A text cut by our own limit still starts with the main module.
            let string = bytes.get(start..end.min(bytes.len()))?;
            return Some((string, bytes.get(end..).unwrap_or_default()));
        }
    }
    None
}

/// Reads the module text: `path\tPACKAGE`, `mod\tPATH\tVERSION\tSUM`, then dependencies.
pub fn parse_module_text(text: &[u8]) -> GoBuild {
    let inner = text.get(MARK_BYTES..).unwrap_or_default();
    let mut build = GoBuild::default();
    let mut package = None;
    for line in inner.split(|b| *b == b'\n').take(16) {
        let line = String::from_utf8_lossy(line);
        let mut fields = line.split('\t');
        let key = fields.next();
        let mut field =
            || fields.next().filter(|f| !f.is_empty() && f.len() <= MAX_NAME_BYTES).map(str::to_owned);
        match key {
            Some("path") => package = field(),
            Some("mod") => {
                build.module = field();
                build.version = field();
            }
            _ => {}
        }
    }
    // A program built outside a module records its package only; `command-line-arguments` names nothing.
    build.module = build.module.or(package.filter(|p| p != "command-line-arguments"));
    build
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{super::elf::read_elf_identity, *};

    /// Data whose build information is behind pointers, as it is where it is loaded at `address`.
    pub(in crate::executables) fn data_with_pointers(address: u64) -> Vec<u8> {
        let text = wrapped(TEXT);
        let mut data = header(8, 0);
        data[24..32].copy_from_slice(&(address + 32).to_le_bytes());
        data.extend((address + 48).to_le_bytes());
        data.extend((text.len() as u64).to_le_bytes());
        data.extend(&text);
        data
    }

    const MARK: [u8; 16] = *b"0w\xaf\x0c\x92t\x08\x02A\xe1\xc1\x07\xe6\xd6\x18\xe6";
    const TEXT: &str = "path\tgithub.com/fatedier/frp/cmd/frpc\nmod\tgithub.com/fatedier/frp\tv0.58.0\th1:x=\ndep\ta\tv1\t\n";

    fn wrapped(text: &str) -> Vec<u8> {
        [&MARK[..], text.as_bytes(), &MARK[..]].concat()
    }

    /// A 64-bit little-endian ELF file with one writable segment of `data`, loaded at 0x10000.
    fn elf_with_data(data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 0x100];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32] = 64;
        bytes[54..58].copy_from_slice(&[56, 0, 1, 0]);
        bytes[64] = 1;
        bytes[68] = 6;
        bytes[72..80].copy_from_slice(&0x100_u64.to_le_bytes());
        bytes[80..88].copy_from_slice(&0x10000_u64.to_le_bytes());
        bytes[96..104].copy_from_slice(&(data.len() as u64).to_le_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn varint(mut value: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while value >= 0x80 {
            out.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    }

    fn header(pointer_bytes: u8, flags: u8) -> Vec<u8> {
        [MAGIC, &[pointer_bytes, flags], &[0; 16]].concat()
    }

    #[test]
    fn inline_build_information_is_read() {
        let text = wrapped(TEXT);
        let data =
            [&[0; 48][..], &header(0, 2), &varint(8), b"go1.22.3", &varint(text.len()), &text].concat();
        let identity = read_elf_identity(&elf_with_data(&data)).unwrap();
        assert_eq!(identity.go_module.as_deref(), Some("github.com/fatedier/frp"));
        assert_eq!(identity.go_version.as_deref(), Some("v0.58.0"));
    }

    #[test]
    fn build_information_behind_pointers_is_read() {
        let data = data_with_pointers(0x10000);
        let identity = read_elf_identity(&elf_with_data(&data)).unwrap();
        assert_eq!(identity.go_module.as_deref(), Some("github.com/fatedier/frp"));
    }

    #[test]
    fn pointers_that_lead_nowhere_give_nothing() {
        let mut data = header(8, 0);
        data[16..].fill(0xff);
        assert_eq!(read_elf_identity(&elf_with_data(&data)).unwrap().go_module, None);
    }

    #[test]
    fn a_program_without_a_module_is_known_by_its_package() {
        let build = parse_module_text(&wrapped("path\tgithub.com/jpillora/chisel\n"));
        assert_eq!(build.module.as_deref(), Some("github.com/jpillora/chisel"));
        assert_eq!(parse_module_text(&wrapped("path\tcommand-line-arguments\n")), GoBuild::default());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..200), pointer in any::<u8>(), flags in any::<u8>()) {
            let mut data = [MAGIC, &[pointer, flags]].concat();
            data.extend(tail);
            let _ = read_elf_identity(&elf_with_data(&data));
            let _ = parse_module_text(&data);
        }
    }
}
