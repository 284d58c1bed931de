//! The files of a collection.

use std::path::PathBuf;

use super::kind::{self, Kind};
use crate::root::{FileKind, Root};

/// What a walk found.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// Files with a form that is read, by path below the collection.
    pub(super) known: Vec<(String, Kind)>,
    /// All paths, for what is told by where it lies.
    pub(super) paths: Vec<String>,
    /// How many files were looked at.
    pub(super) seen: u64,
    /// Archives and disk images, which are not opened.
    pub(super) archives: u64,
    /// Files and folders that could not be opened, or whose names are no UTF-8.
    pub(super) unreadable: u64,
    /// Whether the walk stopped at a limit.
    pub(super) cut: bool,
}

impl Files {
    pub(super) fn archives_in_words(&self) -> Option<String> {
        (self.archives > 0)
            .then(|| format!("{} archives or disk images were not opened: unpack them first", self.archives))
    }

    pub(super) fn left_out_in_words(&self) -> Option<String> {
        let mut parts = Vec::new();
        parts.extend(self.archives_in_words());
        if self.unreadable > 0 {
            parts.push(format!("{} files or folders could not be read", self.unreadable));
        }
        if self.cut {
            parts.push(format!("only the first {MAX_FILES} files to a depth of {MAX_DEPTH} were looked at"));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// Looks at every file below `root`, broad before deep. Links are left alone.
pub(super) fn files(root: &Root) -> Files {
    let mut files = Files::default();
    let mut level = vec![PathBuf::from("/")];
    for _ in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for directory in level {
            let Ok(listing) = root.list_dir(&directory, MAX_FILES) else {
                files.unreadable += 1;
                continue;
            };
            files.unreadable += u64::try_from(listing.undecodable).unwrap_or(u64::MAX);
            files.cut |= listing.truncated;
            for name in listing.names {
                if files.paths.len() + next.len() >= MAX_FILES {
                    files.cut = true;
                    return files;
                }
                let path = directory.join(name);
                match root.link_metadata(&path).map(|found| (found.kind, found.size_bytes)) {
                    Ok((FileKind::Directory, _)) => next.push(path),
                    Ok((FileKind::File, size)) => look(root, &path, size, &mut files),
                    Ok(_) => {}
                    Err(_) => files.unreadable += 1,
                }
            }
        }
        if next.is_empty() {
            return files;
        }
        level = next;
    }
    files.cut = true;
    files
}

fn look(root: &Root, path: &std::path::Path, size: u64, files: &mut Files) {
    files.seen += 1;
    let shown = path.to_string_lossy().into_owned();
    if size > 0 {
        match root.read_prefix(path, kind::HEAD_BYTES) {
            Ok((head, _)) => match kind::of(&head) {
                Some(Kind::Archive) => files.archives += 1,
                Some(kind) => files.known.push((shown.clone(), kind)),
                None => {}
            },
            Err(_) => files.unreadable += 1,
        }
    }
    files.paths.push(shown);
}

const MAX_FILES: usize = 200_000;
const MAX_DEPTH: usize = 32;
