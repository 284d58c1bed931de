//! The boot image: a cpio archive in the "newc" format, written by hand.
//!
//! Format: kernel documentation, `driver-api/early-userspace/buffer-format`. Names and data are
//! padded to 4 bytes; the archive ends with an entry called `TRAILER!!!`.

use crate::run;
use anyhow::Context;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const TYPE_DIRECTORY: u32 = 0o040_000;
const TYPE_CHARACTER: u32 = 0o020_000;
const TYPE_FILE: u32 = 0o100_000;
const TYPE_LINK: u32 = 0o120_000;

/// A boot image being put together. Parent directories are added by themselves.
#[derive(Default)]
pub(crate) struct Image {
    bytes: Vec<u8>,
    directories: BTreeSet<String>,
    entries: u32,
}

impl Image {
    pub(crate) fn directory(&mut self, path: &str) {
        if path.is_empty() || self.directories.contains(path) {
            return;
        }
        self.parents(path);
        self.directories.insert(path.to_owned());
        self.entry(path, TYPE_DIRECTORY | 0o755, (0, 0), &[]);
    }

    pub(crate) fn file(&mut self, path: &str, mode: u32, data: &[u8]) {
        self.parents(path);
        self.entry(path, TYPE_FILE | mode, (0, 0), data);
    }

    pub(crate) fn link(&mut self, path: &str, to: &str) {
        self.parents(path);
        self.entry(path, TYPE_LINK | 0o777, (0, 0), to.as_bytes());
    }

    /// A character device: needed until `/dev` is mounted.
    pub(crate) fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.parents(path);
        self.entry(path, TYPE_CHARACTER | 0o600, (major, minor), &[]);
    }

    /// Adds a file of the host under another name.
    pub(crate) fn copy(&mut self, from: &Path, path: &str, mode: u32) -> anyhow::Result<()> {
        let data = std::fs::read(from).with_context(|| format!("cannot read `{}`", from.display()))?;
        self.file(path, mode, &data);
        Ok(())
    }

    /// Adds a program of the host together with the libraries that its loader would map.
    pub(crate) fn program(&mut self, from: &Path, path: &str) -> anyhow::Result<()> {
        self.copy(from, path, 0o755)?;
        // A static program has no libraries, and `ldd` fails on it.
        let Ok(listing) = run::output(Command::new("ldd").arg(from)) else { return Ok(()) };
        for library in listing.split_whitespace().filter(|word| word.starts_with('/')) {
            let inside = library.trim_start_matches('/');
            if self.directories.insert(format!("file:{inside}")) {
                self.copy(Path::new(library), inside, 0o755)?;
            }
        }
        Ok(())
    }

    /// The finished archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }

    fn parents(&mut self, path: &str) {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.directory(parent);
        }
    }

    fn entry(&mut self, path: &str, mode: u32, (major, minor): (u32, u32), data: &[u8]) {
        self.entries += 1;
        let inode = self.entries;
        let size = data.len();
        let name_size = path.len() + 1;
        let header = format!(
            "070701{inode:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{size:08x}{:08x}{:08x}{major:08x}{minor:08x}{name_size:08x}{:08x}",
            0, 0, 1, 0, 0, 0, 0
        );
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(data);
        self.pad();
    }

    fn pad(&mut self) {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_its_parents_once_and_is_aligned() {
        let mut image = Image::default();
        image.file("a/b/one", 0o644, b"12345");
        image.file("a/b/two", 0o644, b"");
        let bytes = image.finish();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(text.matches("070701").count(), 5, "a, a/b, one, two, trailer");
        assert!(text.contains("12345"));
    }
}
