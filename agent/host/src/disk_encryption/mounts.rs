//! `mountinfo` and `mounts` (proc_pid_mountinfo(5)), fstab(5) and crypttab(5).

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub mount_point: String,
    /// Type (`ext4`, `btrfs`, `zfs`, `overlay`).
    pub file_system: String,
    /// What (`/dev/mapper/root`, `rpool/ROOT/debian`).
    pub device: String,
    /// Block device number, where it has a real one.
    pub major_minor: Option<(u32, u32)>,
}

/// Reads `mountinfo`, at most `max_mounts`. A later mount on the same place hides an earlier one.
pub fn parse_mountinfo(text: &str, max_mounts: usize) -> Vec<Mount> {
    let mount = |line: &str| {
        let (left, right) = line.split_once(" - ")?;
        let left: Vec<&str> = left.split(' ').collect();
        let mut right = right.split(' ');
        let (major, minor) = left.get(2)?.split_once(':')?;
        let major: u32 = major.parse().ok()?;
        Some(Mount {
            mount_point: unescape(left.get(4)?),
            file_system: right.next()?.to_owned(),
            device: unescape(right.next()?),
            // Major 0 is anonymous: btrfs, overlay and the kernel's own file systems.
            major_minor: (major != 0).then_some((major, minor.parse().ok()?)),
        })
    };
    text.lines().filter_map(mount).take(max_mounts).collect()
}

/// Reads `mounts` or fstab: device, mount point, type.
pub fn parse_mount_table(text: &str, max_mounts: usize) -> Vec<Mount> {
    let mount = |line: &str| {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let mut fields = line.split_ascii_whitespace();
        let (device, mount_point, file_system) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Mount {
            mount_point: unescape(mount_point),
            file_system: file_system.to_owned(),
            device: unescape(device),
            major_minor: None,
        })
    };
    text.lines().filter_map(mount).take(max_mounts).collect()
}

/// Names that crypttab opens: they appear as `/dev/mapper/NAME`. Those with a throw-away key (`swap`,
/// `tmp`) too.
pub fn parse_crypttab(text: &str, max_entries: usize) -> Vec<String> {
    let entry = |line: &str| {
        let line = line.trim();
        let mut fields = line.split_ascii_whitespace();
        let (name, _device) = (fields.next().filter(|name| !name.starts_with('#'))?, fields.next()?);
        Some(name.to_owned())
    };
    text.lines().filter_map(entry).take(max_entries).collect()
}

/// The mount that holds `path`: the last one with the longest mount point above it.
pub fn mount_of<'a>(mounts: &'a [Mount], path: &str) -> Option<&'a Mount> {
    let holds = |mount: &&Mount| {
        let point = mount.mount_point.trim_end_matches('/');
        path.strip_prefix(point).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // `max_by_key` gives the last of equals: the one mounted on top.
    mounts.iter().filter(holds).max_by_key(|mount| mount.mount_point.trim_end_matches('/').len())
}

/// Undoes the kernel's octal escapes (`\040` is a blank).
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let octal = bytes
            .get(at + 1..at + 4)
            .filter(|digits| byte == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)))
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        out.push(octal.unwrap_or(byte));
        at += if octal.is_some() { 4 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_root_is_read_from_a_capture() {
        let mounts = parse_mountinfo(include_str!("../../captures/linux-6.18/mountinfo"), 100);
        let root = mount_of(&mounts, "/").unwrap();
        assert_eq!((root.device.as_str(), root.file_system.as_str()), ("/dev/vda", "ext4"));
        assert_eq!(root.major_minor, Some((254, 0)));
        assert_eq!(mount_of(&mounts, "/dev/shm/x").unwrap().mount_point, "/dev/shm");
        assert_eq!(mount_of(&mounts, "/development").unwrap().mount_point, "/");
    }

    #[test]
    fn blanks_in_names_and_hidden_mounts_are_minded() {
        let text = "1 0 8:1 / /a\\040b rw - ext4 /dev/sda1 rw\n2 0 0:9 / /h rw shared:1 - btrfs /dev/x rw\n3 0 8:2 / /h rw - xfs /dev/y rw\nbad\n";
        let mounts = parse_mountinfo(text, 10);
        assert_eq!(mounts[0].mount_point, "/a b");
        assert_eq!(mounts[1].major_minor, None);
        assert_eq!(mount_of(&mounts, "/h/anna").unwrap().device, "/dev/y");
        assert_eq!(mount_of(&mounts, "/c"), None);
    }

    #[test]
    fn tables_and_crypttab_are_read() {
        let mounts =
            parse_mount_table("# x\nUUID=1 / ext4 defaults 0 1\n/dev/mapper/home /home xfs\nshort x\n", 10);
        assert_eq!(mounts.len(), 2);
        assert_eq!(parse_crypttab("# c\nhome UUID=2 none luks\nshort\n", 10), ["home"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9:/ a\\\\-é\n#]{0,300}") {
            let mounts = parse_mountinfo(&text, 5);
            let _ = mount_of(&mounts, &text);
            let _ = parse_mount_table(&text, 5);
            let _ = parse_crypttab(&text, 5);
        }
    }
}
