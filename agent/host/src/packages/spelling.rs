//! The two names of a file where distributions merged directories: `/bin/sh` is `/usr/bin/sh`.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use crate::root::Root;

/// Directories that distributions merged into `/usr`: package databases name either spelling.
const MERGED: [&str; 6] = ["/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"];

/// Which directories are one on a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spelling {
    /// `/usr/sbin` leads to `/usr/bin` (Arch, Fedora since 42).
    pub sbin_is_bin: bool,
    /// `/usr/lib64` leads to `/usr/lib` (Arch).
    pub lib64_is_lib: bool,
}

impl Spelling {
    /// How this machine has it.
    pub(crate) fn of(root: &Root) -> Self {
        let leads_to = |link: &str, name: &str| {
            root.read_link(link).is_ok_and(|target| target.file_name().is_some_and(|its| its == name))
        };
        Self { sbin_is_bin: leads_to("/usr/sbin", "bin"), lib64_is_lib: leads_to("/usr/lib64", "lib") }
    }

    /// The one spelling that stands for all of a path's.
    pub fn normal<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let path = match path.strip_prefix("/usr") {
            Some(rest) if MERGED.iter().any(|prefix| rest.starts_with(prefix)) => rest,
            _ => path,
        };
        if let Some(rest) = path.strip_prefix("/sbin/").filter(|_| self.sbin_is_bin) {
            return Cow::Owned(format!("/bin/{rest}"));
        }
        if let Some(rest) = path.strip_prefix("/lib64/").filter(|_| self.lib64_is_lib) {
            return Cow::Owned(format!("/lib/{rest}"));
        }
        Cow::Borrowed(path)
    }

    /// Paths by their normal spelling.
    pub(super) fn by_normal<'a>(&self, paths: &BTreeSet<&'a str>) -> HashMap<String, Vec<&'a str>> {
        let mut by_normal: HashMap<String, Vec<&str>> = HashMap::new();
        for path in paths {
            by_normal.entry(self.normal(path).into_owned()).or_default().push(path);
        }
        by_normal
    }
}

/// By how many bytes the spellings of a path are longer than its normal one.
const LONGER_BY: [usize; 6] = [0, "/usr".len(), "s".len(), "/usrs".len(), "64".len(), "/usr64".len()];
/// Paths from this length on are told apart by their last byte alone.
const MAX_SHAPE_BYTES: usize = 256;

/// Lengths and last bytes of paths that are worth a closer look: lists have a million lines, and almost none
/// of them is asked about.
#[derive(Debug)]
pub(super) struct Shapes {
    seen: Vec<[bool; 256]>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { seen: vec![[false; 256]; MAX_SHAPE_BYTES] }
    }
}

impl Shapes {
    /// Adds a path of the normal spelling, in all its spellings.
    pub(super) fn add(&mut self, path: &str) {
        let last = path.bytes().last().unwrap_or_default();
        for longer in LONGER_BY {
            let length = (path.len() + longer).min(MAX_SHAPE_BYTES - 1);
            if let Some(flag) = self.seen.get_mut(length).and_then(|row| row.get_mut(usize::from(last))) {
                *flag = true;
            }
        }
    }

    /// Whether a path of this length (its leading `/` counted) that ends with `last` may be one of them.
    pub(super) fn may_match(&self, length: usize, last: Option<&u8>) -> bool {
        let Some(last) = last else { return false };
        let row = self.seen.get(length.min(MAX_SHAPE_BYTES - 1));
        row.and_then(|row| row.get(usize::from(*last))).is_some_and(|seen| *seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_file_have_one_shape_and_one_name() {
        let arch = Spelling { sbin_is_bin: true, lib64_is_lib: true };
        for (path, normal) in [
            ("/usr/bin/x", "/bin/x"),
            ("/bin/x", "/bin/x"),
            ("/usr/sbin/x", "/bin/x"),
            ("/sbin/x", "/bin/x"),
            ("/usr/lib64/x", "/lib/x"),
            ("/usr/lib/x", "/lib/x"),
            ("/usr/share/x", "/usr/share/x"),
        ] {
            assert_eq!(arch.normal(path), normal);
            let mut shapes = Shapes::default();
            shapes.add(normal);
            assert!(shapes.may_match(path.len(), path.as_bytes().last()), "{path}");
        }
        assert_eq!(Spelling::default().normal("/usr/sbin/x"), "/sbin/x");
    }
}
