//! Which C library a finished binary asks for.

use anyhow::Context;
use std::path::Path;

/// What a binary needs of the system beside the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// Linked statically: runs on any distribution.
    Nothing,
    /// The GNU C library, this version or newer.
    Glibc(u32, u32),
}

impl Needs {
    /// Reads a binary's names of symbol versions.
    ///
    /// # Errors
    /// When the binary cannot be read.
    pub(crate) fn of(binary: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(binary).with_context(|| format!("cannot read `{}`", binary.display()))?;
        Ok(versions(&bytes).max().map_or(Self::Nothing, |(major, minor)| Self::Glibc(major, minor)))
    }

    /// As the dependency of a package; empty where there is none.
    pub(crate) fn dependency(self, format: &str) -> String {
        match (self, format) {
            (Self::Glibc(major, minor), "deb") => format!("libc6 (>= {major}.{minor})"),
            (Self::Glibc(major, minor), "rpm") => format!("glibc >= {major}.{minor}"),
            (Self::Glibc(major, minor), "archlinux") => format!("glibc>={major}.{minor}"),
            _ => String::new(),
        }
    }
}

fn versions(bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    const PREFIX: &[u8] = b"GLIBC_";
    bytes.windows(PREFIX.len()).enumerate().filter(|(_, window)| *window == PREFIX).filter_map(|(at, _)| {
        let rest = bytes.get(at + PREFIX.len()..)?;
        let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        let (major, minor) = std::str::from_utf8(&rest[..end]).ok()?.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_c_library_is_found_by_number() {
        let bytes = b"\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_PRIVATE\0";
        assert_eq!(versions(bytes).max(), Some((2, 34)));
        assert_eq!(Needs::Glibc(2, 34).dependency("deb"), "libc6 (>= 2.34)");
    }

    #[test]
    fn a_static_binary_depends_on_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"\x7fELF and no versions").unwrap();
        let needs = Needs::of(file.path()).unwrap();
        assert_eq!((needs, needs.dependency("rpm")), (Needs::Nothing, String::new()));
    }
}
