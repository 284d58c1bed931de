//! macOS programs: the identifier and team in their code signature.
//!
//! Always: every offset and count in the file is a claim; reads are bounded whatever it claims. A signature
//! is named, never verified.
//!
//! Source of the format: Apple's `mach-o/loader.h`, `mach-o/fat.h` and `kern/cs_blobs.h`.

use bearing_protocol::fact::{Identity, IdentityKind};

use super::{
    elf::bounded,
    go_build_info::{self, GoBuild},
    read_at::ReadAt,
};

/// Most architectures of one file. Java classes begin with the same four bytes and a number of at least 45.
const MAX_ARCHITECTURES: u32 = 30;
/// Most bytes of load commands.
const MAX_COMMAND_BYTES: usize = 128 * 1024;
/// Most parts of a signature.
const MAX_BLOBS: usize = 64;
/// Most bytes of a code directory that are read: its names stand before its hashes.
const MAX_DIRECTORY_BYTES: usize = 4 * 1024;
/// Longest name that is kept, in bytes.
const MAX_NAME_BYTES: usize = 256;

const LC_SEGMENT: u32 = 0x1;
const LC_SEGMENT_64: u32 = 0x19;
const LC_CODE_SIGNATURE: u32 = 0x1d;
const CSMAGIC_EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
const CSMAGIC_CODEDIRECTORY: u32 = 0xfade_0c02;
/// Version of the code directory that brought the team.
const SUPPORTS_TEAM: u32 = 0x2_0200;

/// What a macOS program says about where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachOIdentity {
    /// The signature's identifier and team.
    pub identities: Vec<Identity>,
    /// Go's main module, where it was built by Go.
    pub go: Option<GoBuild>,
}

/// Reads a macOS program of one or several architectures. `None` where the bytes are none.
pub fn parse_mach_o(bytes: &[u8]) -> Option<MachOIdentity> {
    identify(&bytes)
}

/// As [`parse_mach_o`], from anything that reads by offset.
pub(super) fn identify(source: &dyn ReadAt) -> Option<MachOIdentity> {
    let head = source.read_at(0, 8);
    let slices = match be_at(&head, 0)? {
        magic @ (0xcafe_babe | 0xcafe_babf) => {
            let count = be_at(&head, 4).filter(|count| (1..=MAX_ARCHITECTURES).contains(count))?;
            let wide = magic == 0xcafe_babf;
            slices(source, count, wide)
        }
        0xcffa_edfe | 0xcefa_edfe => vec![0],
        _ => return None,
    };
    let mut identity = MachOIdentity::default();
    let mut read = false;
    for start in slices {
        let Some(found) = identify_slice(source, start) else { continue };
        read = true;
        for mark in found.identities {
            if !identity.identities.contains(&mark) {
                identity.identities.push(mark);
            }
        }
        identity.go = identity.go.or(found.go);
    }
    read.then_some(identity)
}

/// Where each architecture begins.
fn slices(source: &dyn ReadAt, count: u32, wide: bool) -> Vec<u64> {
    let entry_bytes = if wide { 32 } else { 20 };
    let count = usize::try_from(count).unwrap_or_default();
    let table = source.read_at(8, count * entry_bytes);
    let offset = |entry: &[u8]| {
        if wide {
            Some(u64::from(be_at(entry, 8)?) << 32 | u64::from(be_at(entry, 12)?))
        } else {
            be_at(entry, 8).map(u64::from)
        }
    };
    table.chunks_exact(entry_bytes).filter_map(offset).collect()
}

/// One architecture. Those of today are little-endian; PowerPC is not read.
fn identify_slice(source: &dyn ReadAt, start: u64) -> Option<MachOIdentity> {
    let header = source.read_at(start, 32);
    let header_bytes = match le_at(&header, 0)? {
        0xfeed_facf => 32,
        0xfeed_face => 28,
        _ => return None,
    };
    let command_bytes = usize::try_from(le_at(&header, 20)?).unwrap_or(usize::MAX).min(MAX_COMMAND_BYTES);
    let commands = source.read_at(start.checked_add(header_bytes)?, command_bytes);
    let mut identity = MachOIdentity::default();
    let mut segments: Vec<Segment> = Vec::new();
    let mut rest = commands.as_slice();
    while let (Some(kind), Some(length)) = (le_at(rest, 0), le_at(rest, 4)) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(command) = rest.get(..length).filter(|command| command.len() >= 8) else { break };
        match kind {
            LC_CODE_SIGNATURE => {
                if let Some(at) = le_at(command, 8).and_then(|at| start.checked_add(at.into())) {
                    identity.identities = read_signature(source, at);
                }
            }
            LC_SEGMENT_64 | LC_SEGMENT => {
                segments.extend(Segment::read(command, start, kind == LC_SEGMENT_64));
            }
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    let loaded = |address: u64, length| {
        let place = segments.iter().find_map(|segment| segment.place(address));
        place.map(|(at, left)| source.read_at(at, bounded(left, length))).unwrap_or_default()
    };
    // There the linker puts Go's build information.
    let data = segments.iter().filter(|segment| segment.is_data);
    identity.go = data
        .filter_map(|segment| go_build_info::find_in(source, segment.offset, segment.file_bytes, &loaded))
        .next();
    Some(identity)
}

/// One segment: where it is in memory and in the file.
struct Segment {
    is_data: bool,
    address: u64,
    offset: u64,
    file_bytes: u64,
}

impl Segment {
    fn read(command: &[u8], start: u64, wide: bool) -> Option<Self> {
        let number = |index: usize| {
            if wide {
                let low = le_at(command, 24 + 8 * index)?;
                Some(u64::from(le_at(command, 28 + 8 * index)?) << 32 | u64::from(low))
            } else {
                le_at(command, 24 + 4 * index).map(u64::from)
            }
        };
        // Address, size in memory, offset and size in the file.
        Some(Self {
            is_data: command.get(8..24)?.starts_with(b"__DATA\0"),
            address: number(0)?,
            offset: start.checked_add(number(2)?)?,
            file_bytes: number(3)?,
        })
    }

    /// Where in the file `address` is, and how many bytes of the segment follow.
    fn place(&self, address: u64) -> Option<(u64, u64)> {
        let skip = address.checked_sub(self.address).filter(|skip| *skip < self.file_bytes)?;
        Some((self.offset.checked_add(skip)?, self.file_bytes - skip))
    }
}

/// The names in a signature: a table of parts, one of them the code directory.
fn read_signature(source: &dyn ReadAt, at: u64) -> Vec<Identity> {
    let head = source.read_at(at, 12 + 8 * MAX_BLOBS);
    if be_at(&head, 0) != Some(CSMAGIC_EMBEDDED_SIGNATURE) {
        return Vec::new();
    }
    let count = be_at(&head, 8).and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    let table = head.get(12..).unwrap_or_default().chunks_exact(8).take(count.min(MAX_BLOBS));
    for entry in table {
        let Some(place) = be_at(entry, 4).and_then(|offset| at.checked_add(offset.into())) else { continue };
        let names = parse_code_directory(&source.read_at(place, MAX_DIRECTORY_BYTES));
        if !names.is_empty() {
            return names;
        }
    }
    Vec::new()
}

/// Identifier and team of a code directory; none where the bytes are no such thing.
pub fn parse_code_directory(bytes: &[u8]) -> Vec<Identity> {
    if be_at(bytes, 0) != Some(CSMAGIC_CODEDIRECTORY) {
        return Vec::new();
    }
    let identifier = be_at(bytes, 20).and_then(|offset| name_at(bytes, offset));
    let has_team = be_at(bytes, 8).is_some_and(|version| version >= SUPPORTS_TEAM);
    let team = be_at(bytes, 48).filter(|offset| has_team && *offset != 0);
    let team = team.and_then(|offset| name_at(bytes, offset));
    let marks = [(IdentityKind::CodeIdentifier, identifier), (IdentityKind::TeamIdentifier, team)];
    marks.into_iter().filter_map(|(kind, value)| Some(Identity { kind, value: value? })).collect()
}

fn name_at(bytes: &[u8], offset: u32) -> Option<String> {
    let rest = bytes.get(usize::try_from(offset).ok()?..)?;
    let end = rest.iter().take(MAX_NAME_BYTES).position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(rest.get(..end)?).into_owned()).filter(|name| !name.is_empty())
}

fn be_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(offset..)?.first_chunk().copied()?))
}

fn le_at(bytes: &[u8], offset: usize) -> Option<u32> {
    be_at(bytes, offset).map(u32::swap_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IDENTIFIER: &[u8] = b"com.example.RemoteHost\0";
    const TEAM: &[u8] = b"ABCDE12345\0";

    fn code_directory(version: u32) -> Vec<u8> {
        let mut bytes = vec![0; 52];
        bytes[..4].copy_from_slice(&CSMAGIC_CODEDIRECTORY.to_be_bytes());
        bytes[8..12].copy_from_slice(&version.to_be_bytes());
        bytes[20..24].copy_from_slice(&52_u32.to_be_bytes());
        bytes[48..52].copy_from_slice(&(52 + IDENTIFIER.len() as u32).to_be_bytes());
        bytes.extend(IDENTIFIER);
        bytes.extend(TEAM);
        bytes
    }

    /// A 64-bit little-endian program with a signature and nothing else.
    fn program(version: u32) -> Vec<u8> {
        let mut bytes = vec![0; 32 + 16];
        bytes[..4].copy_from_slice(&0xfeed_facf_u32.to_le_bytes());
        bytes[16..20].copy_from_slice(&1_u32.to_le_bytes());
        bytes[20..24].copy_from_slice(&16_u32.to_le_bytes());
        bytes[32..36].copy_from_slice(&LC_CODE_SIGNATURE.to_le_bytes());
        bytes[36..40].copy_from_slice(&16_u32.to_le_bytes());
        bytes[40..44].copy_from_slice(&48_u32.to_le_bytes());
        bytes.extend(CSMAGIC_EMBEDDED_SIGNATURE.to_be_bytes());
        bytes.extend(0_u32.to_be_bytes());
        bytes.extend(1_u32.to_be_bytes());
        bytes.extend(0_u32.to_be_bytes());
        bytes.extend(20_u32.to_be_bytes());
        bytes.extend(code_directory(version));
        bytes
    }

    fn fat(programs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = 0xcafe_babe_u32.to_be_bytes().to_vec();
        bytes.extend((programs.len() as u32).to_be_bytes());
        let mut at = 8 + 20 * programs.len();
        for program in programs {
            let fields = [0, 0, at as u32, program.len() as u32, 0];
            bytes.extend(fields.iter().flat_map(|field| field.to_be_bytes()));
            at += program.len();
        }
        bytes.extend(programs.concat());
        bytes
    }

    fn values(bytes: &[u8]) -> Vec<(IdentityKind, String)> {
        parse_mach_o(bytes).unwrap().identities.into_iter().map(|i| (i.kind, i.value)).collect()
    }

    #[test]
    fn identifier_and_team_are_read() {
        let both = [
            (IdentityKind::CodeIdentifier, "com.example.RemoteHost".to_owned()),
            (IdentityKind::TeamIdentifier, "ABCDE12345".to_owned()),
        ];
        assert_eq!(values(&program(0x2_0400)), both);
        assert_eq!(values(&program(0x2_0100)), both[..1], "older ones have no team");
        assert_eq!(values(&fat(&[program(0x2_0400), program(0x2_0400)])), both, "each once");
    }

    #[test]
    fn the_signature_of_a_real_program_is_read_from_a_capture() {
        // Load commands of `ruff` for Apple silicon as PyPI has it, and the begin of its signature moved up.
        let capture = include_bytes!("../../captures/formats/mach_o_arm64");
        assert_eq!(
            values(capture),
            [
                (IdentityKind::CodeIdentifier, "sh.astral.ruff".to_owned()),
                (IdentityKind::TeamIdentifier, "2DC432GLL2".to_owned()),
            ]
        );
    }

    #[test]
    fn a_go_program_is_known_by_its_module_behind_pointers() {
        let data = go_build_info::tests::data_with_pointers(0x1_0000_4000);
        let mut bytes = vec![0; 32 + 72];
        bytes[..4].copy_from_slice(&0xfeed_facf_u32.to_le_bytes());
        bytes[20..24].copy_from_slice(&72_u32.to_le_bytes());
        bytes[32..36].copy_from_slice(&LC_SEGMENT_64.to_le_bytes());
        bytes[36..40].copy_from_slice(&72_u32.to_le_bytes());
        bytes[40..46].copy_from_slice(b"__DATA");
        for (at, value) in [(56, 0x1_0000_4000), (64, 0x1000), (72, 104), (80, data.len() as u64)] {
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        bytes.extend(data);
        let go = parse_mach_o(&bytes).unwrap().go.unwrap();
        assert_eq!(go.module.as_deref(), Some("github.com/fatedier/frp"));
    }

    #[test]
    fn a_java_class_is_no_program_of_several_architectures() {
        assert_eq!(parse_mach_o(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, 0]), None);
    }

    #[test]
    fn a_program_cut_at_any_byte_is_read_as_far_as_it_goes() {
        let whole = fat(&[program(0x2_0400)]);
        for length in 0..whole.len() {
            let _ = parse_mach_o(&whole[..length]);
        }
    }

    proptest! {
        #[test]
        fn a_flipped_program_does_not_make_it_panic(at in 0..140_usize, value in any::<u8>(), second in 0..60_usize) {
            let mut bytes = fat(&[program(0x2_0400)]);
            bytes[at] = value;
            bytes[second] = value;
            let _ = parse_mach_o(&bytes);
        }

        #[test]
        fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_mach_o(&[&0xfeed_facf_u32.to_le_bytes()[..], &tail].concat());
            let _ = parse_code_directory(&[&CSMAGIC_CODEDIRECTORY.to_be_bytes()[..], &tail].concat());
        }
    }
}
