//! Where paths are read: the live machine, or a directory that holds a copy of one.
//!
//! Always: below a sysroot nothing of the live machine leaks in; absolute symlinks resolve inside it
//! (`openat2` with `RESOLVE_IN_ROOT`); a missing file is what a missing file is on a real machine.

use std::path::{Path, PathBuf};

/// The live machine or a sysroot.
#[derive(Debug)]
pub struct Root {
    directory: Option<PathBuf>,
}

impl Root {
    /// This machine.
    pub const fn live() -> Self {
        Self { directory: None }
    }

    /// A faithful copy of a machine's files below `directory`.
    pub fn sysroot(directory: &Path) -> std::io::Result<Self> {
        Ok(Self { directory: Some(directory.canonicalize()?) })
    }

    /// Whether this is the live machine: only then netlink and ioctls may be asked.
    pub const fn is_live(&self) -> bool {
        self.directory.is_none()
    }
}
