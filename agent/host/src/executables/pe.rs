//! Windows programs: the version resource, and the signature behind the sections.
//!
//! Always: every offset and count in the file is a claim; reads are bounded whatever it claims, and what
//! does not add up is left out. A signature is named, never verified.
//!
//! Source of the format: Microsoft's "PE Format" and the documentation of `VS_VERSIONINFO`.

use bearing_protocol::fact::{Identity, IdentityKind};

use super::{
    authenticode::parse_signer,
    go_build_info::{self, GoBuild},
    read_at::ReadAt,
};
use crate::little_endian::{u16_at, u32_at};

/// Most sections; the loader itself takes 96.
const MAX_SECTIONS: u16 = 96;
/// Most bytes of the optional header.
const MAX_OPTIONAL_BYTES: usize = 512;
/// Most bytes of the version resource.
const MAX_VERSION_BYTES: usize = 64 * 1024;
/// Most bytes of the signature.
const MAX_SIGNATURE_BYTES: usize = 256 * 1024;
/// Most entries of one resource directory.
const MAX_ENTRIES: usize = 256;
/// Most strings of the version resource.
const MAX_STRINGS: usize = 64;
/// Longest string that is kept, in UTF-16 units.
const MAX_STRING_UNITS: usize = 256;

const RT_VERSION: u32 = 16;
const RESOURCES: usize = 2;
const CERTIFICATES: usize = 4;
const WIN_CERT_TYPE_PKCS_SIGNED_DATA: u16 = 2;

/// What a Windows program says about where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeIdentity {
    /// Names of the version resource, and the signer.
    pub identities: Vec<Identity>,
    /// Go's main module, where it was built by Go.
    pub go: Option<GoBuild>,
}

/// Reads a Windows program. `None` where the bytes are none.
pub fn parse_pe(bytes: &[u8]) -> Option<PeIdentity> {
    identify(&bytes)
}

/// As [`parse_pe`], from anything that reads by offset: headers, resources, the signature and Go's build
/// information are touched.
pub(super) fn identify(source: &dyn ReadAt) -> Option<PeIdentity> {
    let image = Image::open(source)?;
    let mut identity = PeIdentity::default();
    if let Some(version) = image.version_resource() {
        identity.identities = parse_version_info(&version);
    }
    if let Some(signer) = image.certificate().as_deref().and_then(parse_signer) {
        identity.identities.push(Identity { kind: IdentityKind::Signer, value: signer });
    }
    let places = image.sections.iter().filter(|section| section.is_data()).take(4);
    let loaded = |address: u64, length| {
        let relative = address.checked_sub(image.base).and_then(|address| u32::try_from(address).ok());
        relative.map(|address| image.read_address(address, length)).unwrap_or_default()
    };
    identity.go = places
        .filter_map(|s| go_build_info::find_in(source, s.offset.into(), s.file_bytes.into(), &loaded))
        .next();
    Some(identity)
}

/// One section: where it is in memory and in the file.
#[derive(Clone, Copy, Debug)]
struct Section {
    address: u32,
    memory_bytes: u32,
    offset: u32,
    file_bytes: u32,
    flags: u32,
}

impl Section {
    /// `IMAGE_SCN_CNT_INITIALIZED_DATA`.
    const fn is_data(&self) -> bool {
        self.flags & 0x40 != 0
    }
}

/// A program whose headers were read.
struct Image<'a> {
    source: &'a dyn ReadAt,
    /// Address and size of each data directory.
    directories: Vec<(u32, u32)>,
    sections: Vec<Section>,
    /// Where it wants to be loaded.
    base: u64,
}

impl<'a> Image<'a> {
    fn open(source: &'a dyn ReadAt) -> Option<Self> {
        let stub = source.read_at(0, 64);
        if !stub.starts_with(b"MZ") {
            return None;
        }
        let at = u64::from(u32_at(&stub, 60)?);
        let header = source.read_at(at, 24);
        if !header.starts_with(b"PE\0\0") {
            return None;
        }
        let count = u16_at(&header, 6)?.min(MAX_SECTIONS);
        let optional_bytes = usize::from(u16_at(&header, 20)?);
        let optional = source.read_at(at + 24, optional_bytes.min(MAX_OPTIONAL_BYTES));
        let (first, base) = match u16_at(&optional, 0)? {
            0x10b => (96, u64::from(u32_at(&optional, 28)?)),
            0x20b => (112, u64::from(u32_at(&optional, 28)?) << 32 | u64::from(u32_at(&optional, 24)?)),
            _ => return None,
        };
        let claimed = usize::try_from(u32_at(&optional, first - 4)?).unwrap_or(usize::MAX);
        let directories = optional.get(first..).unwrap_or_default().chunks_exact(8).take(claimed.min(16));
        let directories = directories.filter_map(|d| Some((u32_at(d, 0)?, u32_at(d, 4)?))).collect();
        let table = source.read_at(at + 24 + optional_bytes as u64, usize::from(count) * 40);
        let sections = table.chunks_exact(40).filter_map(|entry| {
            Some(Section {
                memory_bytes: u32_at(entry, 8)?,
                address: u32_at(entry, 12)?,
                file_bytes: u32_at(entry, 16)?,
                offset: u32_at(entry, 20)?,
                flags: u32_at(entry, 36)?,
            })
        });
        Some(Self { source, directories, sections: sections.collect(), base })
    }

    /// At most `length` bytes that would be loaded at `address`.
    fn read_address(&self, address: u32, length: usize) -> Vec<u8> {
        let inside =
            |s: &&Section| address >= s.address && address - s.address < s.memory_bytes.max(s.file_bytes);
        let Some(section) = self.sections.iter().find(inside) else { return Vec::new() };
        let skip = address - section.address;
        let left = usize::try_from(section.file_bytes.saturating_sub(skip)).unwrap_or(usize::MAX);
        self.source.read_at(u64::from(section.offset) + u64::from(skip), left.min(length))
    }

    /// The first version resource: type, name and language are three levels of one tree.
    fn version_resource(&self) -> Option<Vec<u8>> {
        let (root, _) = *self.directories.get(RESOURCES).filter(|(address, _)| *address != 0)?;
        let names = self.entry(root, 0, Some(RT_VERSION)).and_then(below)?;
        let languages = self.entry(root, names, None).and_then(below)?;
        let leaf = self.entry(root, languages, None).filter(|place| below(*place).is_none())?;
        let entry = self.read_address(root.checked_add(leaf)?, 16);
        let length = usize::try_from(u32_at(&entry, 4)?).unwrap_or(usize::MAX);
        Some(self.read_address(u32_at(&entry, 0)?, length.min(MAX_VERSION_BYTES)))
    }

    /// The place that an entry of the directory `offset` bytes into the tree leads to: the one with this
    /// number, or the first.
    fn entry(&self, root: u32, offset: u32, wanted: Option<u32>) -> Option<u32> {
        let at = root.checked_add(offset)?;
        let header = self.read_address(at, 16);
        let count = usize::from(u16_at(&header, 12)?) + usize::from(u16_at(&header, 14)?);
        let table = self.read_address(at.checked_add(16)?, 8 * count.min(MAX_ENTRIES));
        let mut entries = table.chunks_exact(8).filter_map(|e| Some((u32_at(e, 0)?, u32_at(e, 4)?)));
        entries.find(|(id, _)| wanted.is_none_or(|wanted| wanted == *id)).map(|(_, place)| place)
    }

    /// The first signature's bytes. The directory of certificates alone names a place in the file.
    fn certificate(&self) -> Option<Vec<u8>> {
        let (offset, size) = *self.directories.get(CERTIFICATES).filter(|(offset, _)| *offset != 0)?;
        let header = self.source.read_at(offset.into(), 8);
        let length = u32_at(&header, 0)?.min(size).checked_sub(8)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(MAX_SIGNATURE_BYTES);
        let is_pkcs = u16_at(&header, 6)? == WIN_CERT_TYPE_PKCS_SIGNED_DATA;
        is_pkcs.then(|| self.source.read_at(u64::from(offset) + 8, length))
    }
}

/// The offset of a lower directory, where an entry leads to one.
const fn below(place: u32) -> Option<u32> {
    if place & 0x8000_0000 == 0 { None } else { Some(place & 0x7fff_ffff) }
}

/// Reads `VS_VERSIONINFO`: the names that tell a product, each once, those of the first language.
pub fn parse_version_info(bytes: &[u8]) -> Vec<Identity> {
    let Some((version, _)) = Block::read(bytes) else { return Vec::new() };
    let tables = version.children().filter(|block| block.key == "StringFileInfo");
    let strings = tables.flat_map(|info| info.children().take(1).collect::<Vec<_>>());
    let mut found: Vec<Identity> = Vec::new();
    for string in strings.flat_map(|table| table.children().take(MAX_STRINGS).collect::<Vec<_>>()) {
        let kind = match string.key.as_str() {
            "OriginalFilename" => IdentityKind::OriginalFilename,
            "InternalName" => IdentityKind::InternalName,
            "ProductName" => IdentityKind::ProductName,
            "CompanyName" => IdentityKind::CompanyName,
            _ => continue,
        };
        let (value, _) = text(string.value, MAX_STRING_UNITS);
        let value = value.trim().to_owned();
        if !value.is_empty() && !found.iter().any(|known| known.kind == kind) {
            found.push(Identity { kind, value });
        }
    }
    found
}

/// One block of the version resource: length, length of the value, type, key, value, blocks inside.
struct Block<'a> {
    key: String,
    value: &'a [u8],
    inside: &'a [u8],
}

impl<'a> Block<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let length = usize::from(u16_at(bytes, 0)?);
        if length < 6 {
            return None;
        }
        let whole = bytes.get(..length.min(bytes.len()))?;
        let value_length = usize::from(u16_at(whole, 2)?);
        // Texts are counted in units, other values in bytes; some compilers count texts in bytes, too.
        let value_length = if u16_at(whole, 4)? == 1 { 2 * value_length } else { value_length };
        let (key, key_bytes) = text(whole.get(6..)?, MAX_STRING_UNITS);
        let start = aligned(6 + key_bytes);
        let value_end = start.saturating_add(value_length).min(whole.len());
        let value = whole.get(start..value_end).unwrap_or_default();
        let inside = whole.get(aligned(value_end)..).unwrap_or_default();
        Some((Self { key, value, inside }, bytes.get(aligned(length)..).unwrap_or_default()))
    }

    fn children(&self) -> impl Iterator<Item = Block<'a>> + use<'a> {
        let mut rest = self.inside;
        std::iter::from_fn(move || {
            let (block, after) = Self::read(rest)?;
            rest = after;
            Some(block)
        })
    }
}

/// UTF-16 text up to its end, and how many bytes it takes with that end.
fn text(bytes: &[u8], max_units: usize) -> (String, usize) {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let units: Vec<u16> = units.take(max_units).take_while(|unit| *unit != 0).collect();
    (String::from_utf16_lossy(&units), 2 * (units.len() + 1))
}

const fn aligned(offset: usize) -> usize {
    offset.saturating_add(3) & !3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A program made for this test by mingw-w64 with a version resource and signed by `osslsigncode`, all
    /// its code and data removed.
    const PROGRAM: &[u8] = include_bytes!("../../captures/formats/signed_program.exe");

    fn values(identity: &PeIdentity) -> Vec<(IdentityKind, &str)> {
        identity.identities.iter().map(|i| (i.kind, i.value.as_str())).collect()
    }

    #[test]
    fn names_and_signer_are_read() {
        let identity = parse_pe(PROGRAM).unwrap();
        assert_eq!(
            values(&identity),
            [
                (IdentityKind::CompanyName, "Example Remote GmbH"),
                (IdentityKind::InternalName, "remotehost"),
                (IdentityKind::OriginalFilename, "RemoteHost.exe"),
                (IdentityKind::ProductName, "Example Remote Host"),
                (IdentityKind::Signer, "Example Remote GmbH"),
            ]
        );
        assert_eq!(identity.go, None);
    }

    #[test]
    fn a_program_cut_at_any_byte_is_read_as_far_as_it_goes() {
        for length in (0..PROGRAM.len()).step_by(7) {
            let _ = parse_pe(&PROGRAM[..length]);
        }
        assert_eq!(parse_pe(b"MZ"), None);
        assert_eq!(parse_pe(b"\x7fELF"), None);
    }

    #[test]
    fn a_go_program_is_known_by_its_module_behind_pointers() {
        let data = go_build_info::tests::data_with_pointers(0x1_4000_2000);
        // One section of data at 0x2000, 0x200 bytes into the file.
        let mut bytes = vec![0; 0x200];
        bytes[..2].copy_from_slice(b"MZ");
        bytes[60] = 64;
        bytes[64..72].copy_from_slice(b"PE\0\0\x64\x86\x01\0");
        bytes[84] = 112;
        bytes[88..90].copy_from_slice(&0x20b_u16.to_le_bytes());
        bytes[112..120].copy_from_slice(&0x1_4000_0000_u64.to_le_bytes());
        let section = 88 + 112;
        for (at, value) in [(8, 0x1000), (12, 0x2000), (16, data.len() as u32), (20, 0x200), (36, 0x40)] {
            bytes[section + at..section + at + 4].copy_from_slice(&value.to_le_bytes());
        }
        bytes.extend(data);
        let go = parse_pe(&bytes).unwrap().go.unwrap();
        assert_eq!(go.module.as_deref(), Some("github.com/fatedier/frp"));
    }

    #[test]
    fn lying_headers_are_not_believed() {
        let at = usize::try_from(u32_at(PROGRAM, 60).unwrap()).unwrap();
        for place in (at..at + 0x180).step_by(4) {
            let mut bytes = PROGRAM.to_vec();
            bytes[place..place + 4].fill(0xff);
            let _ = parse_pe(&bytes);
        }
    }

    proptest! {
        #[test]
        fn a_flipped_program_does_not_make_it_panic(at in 0..PROGRAM.len(), value in any::<u8>(), second in 0..0x200_usize) {
            let mut bytes = PROGRAM.to_vec();
            bytes[at] = value;
            bytes[second] = value;
            let _ = parse_pe(&bytes);
        }

        #[test]
        fn no_version_resource_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_version_info(&bytes);
        }
    }
}
