use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why a path could not be read. Names the path as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{}`: {kind}", bearing_protocol::text::printable(&path.to_string_lossy(), 256))]
pub struct ReadError {
    /// The path, inside its root.
    pub path: PathBuf,
    /// Why.
    pub kind: ReadErrorKind,
}

/// The ways in which reading fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadErrorKind {
    /// There is nothing at the path, or it vanished while it was read.
    Missing,
    /// No permission.
    Denied,
    /// Larger than the limit.
    TooLarge,
    /// Not what was asked for: a FIFO, a socket, a device, a directory in a file's place.
    NotAFile,
    /// A loop of links, a broken disk, an interrupted driver.
    Io(io::ErrorKind),
}

impl ReadError {
    pub(crate) fn new(path: &Path, kind: ReadErrorKind) -> Self {
        Self { path: path.to_path_buf(), kind }
    }

    #[allow(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
    pub(crate) fn from_io(path: &Path, error: io::Error) -> Self {
        Self::new(path, ReadErrorKind::from_io(&error))
    }

    /// Whether there was simply nothing.
    pub fn is_missing(&self) -> bool {
        self.kind == ReadErrorKind::Missing
    }
}

impl ReadErrorKind {
    /// The kind of an input/output error.
    pub fn from_io(error: &io::Error) -> Self {
        #[cfg(unix)]
        match error.raw_os_error() {
            // A device or a process that went away while it was read.
            Some(libc::ESRCH | libc::ENODEV) => return Self::Missing,
            // A socket, or a device node without a driver.
            Some(libc::ENXIO) => return Self::NotAFile,
            _ => {}
        }
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => Self::NotAFile,
            kind => Self::Io(kind),
        }
    }
}

impl fmt::Display for ReadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it does not exist"),
            Self::Denied => f.write_str("no permission"),
            Self::TooLarge => f.write_str("larger than the limit"),
            Self::NotAFile => f.write_str("not a regular file"),
            Self::Io(kind) => fmt::Display::fmt(kind, f),
        }
    }
}
