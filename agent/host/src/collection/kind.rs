//! What a file is, by how it begins.

/// A form that is read, or known not to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `lsusb`, `lsusb -v`.
    Lsusb,
    /// `lsusb -t`.
    LsusbTree,
    /// `ioreg -l`.
    IoRegistry,
    /// A property list: `ioreg -a` or `system_profiler -xml`, told apart once it is read.
    Plist,
    /// A registry hive that may hold a device tree.
    Hive,
    /// A hive's transaction log.
    HiveLog,
    /// `setupapi.dev.log`.
    SetupLog,
    /// Raw EDID.
    Edid,
    /// An archive or a disk image.
    Archive,
}

/// The kind of a file by its first [`HEAD_BYTES`].
pub(super) fn of(head: &[u8]) -> Option<Kind> {
    if head.starts_with(b"regf") {
        return hive(head);
    }
    if ARCHIVES.iter().any(|magic| head.starts_with(magic)) || head.get(257..262) == Some(b"ustar") {
        return Some(Kind::Archive);
    }
    if head.starts_with(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]) {
        return Some(Kind::Edid);
    }
    if head.starts_with(b"bplist0") {
        return Some(Kind::Plist);
    }
    let text = decode(head);
    let start = text.trim_start();
    if start.starts_with("[Device Install Log]") || start.starts_with("[SetupAPI Log]") {
        return Some(Kind::SetupLog);
    }
    if (start.starts_with("<?xml") || start.starts_with("<!DOCTYPE plist") || start.starts_with("<plist"))
        && text.contains("<plist")
    {
        return Some(Kind::Plist);
    }
    text.lines().take(HEAD_LINES).find_map(|line| {
        if line.starts_with("Bus ") && line.contains(" Device ") && line.contains(": ID ") {
            Some(Kind::Lsusb)
        } else if line.trim_start().starts_with("/:")
            && line.contains("Bus ")
            && line.contains("Class=root_hub")
        {
            Some(Kind::LsusbTree)
        } else if line.starts_with("+-o ") && line.contains("  <class ") {
            Some(Kind::IoRegistry)
        } else {
            None
        }
    })
}

/// The base block names the hive's file, and says whether it is a log.
fn hive(head: &[u8]) -> Option<Kind> {
    let kind = head.get(28..32)?;
    if matches!(kind, [1 | 2 | 6, 0, 0, 0]) {
        return Some(Kind::HiveLog);
    }
    let units: Vec<u16> =
        head.get(48..112)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let name = String::from_utf16_lossy(&units);
    let name = name.split('\0').next().unwrap_or_default();
    let name = name.rsplit('\\').next().unwrap_or_default().to_ascii_uppercase();
    // People's own hives and others are large and many, and hold no device tree.
    (!OTHER_HIVES.contains(&name.as_str())).then_some(Kind::Hive)
}

/// A file's text: UTF-16 where it begins with its mark (PowerShell writes it so), else UTF-8.
pub(super) fn decode(bytes: &[u8]) -> String {
    let wide = |from: fn([u8; 2]) -> u16| {
        let body = bytes.get(2..).unwrap_or_default();
        let units: Vec<u16> = body.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => wide(u16::from_le_bytes),
        Some([0xfe, 0xff]) => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes)).into_owned(),
    }
}

/// How much of a file is looked at to tell what it is.
pub(super) const HEAD_BYTES: usize = 4_096;
/// How many lines into a text its kind must show.
const HEAD_LINES: usize = 40;
const OTHER_HIVES: [&str; 14] = [
    "NTUSER.DAT",
    "USRCLASS.DAT",
    "SOFTWARE",
    "SAM",
    "SECURITY",
    "DEFAULT",
    "COMPONENTS",
    "DRIVERS",
    "BCD",
    "BBI",
    "ELAM",
    "SETTINGS.DAT",
    "AMCACHE.HVE",
    "SCHEMA.DAT",
];
/// zip, gzip, 7z, xz, zstd, VHDX, EWF, AFF4's zip, cab, rar.
const ARCHIVES: [&[u8]; 9] = [
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"7z\xbc\xaf\x27\x1c",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"vhdxfile",
    b"EVF\x09",
    b"MSCF",
    b"Rar!",
];
