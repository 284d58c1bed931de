use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// How a path was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// A file was opened and read.
    File,
    /// A directory was listed.
    Directory,
    /// A link's text was read.
    Link,
    /// Only its metadata was asked for.
    Status,
}

/// Every path a root was asked for, in order and as often as it was: what an evaluation costs is held
/// against the bare reads of exactly these.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Vec<(Access, PathBuf)>>);

impl Journal {
    /// What was touched so far.
    pub fn entries(&self) -> Vec<(Access, PathBuf)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add(&self, access: Access, path: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((access, path.to_path_buf()));
    }
}
