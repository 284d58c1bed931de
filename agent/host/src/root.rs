//! Where paths are read: the live machine, or a directory that holds a copy of one.
//!
//! Always: below a sysroot nothing of the live machine leaks in; absolute symlinks resolve inside it
//! (`openat2` with `RESOLVE_IN_ROOT`); a missing file is what a missing file is on a real machine.
//! Every read is bounded, and nothing but regular files is read: a FIFO or a device in a file's place
//! is an error, never a wait. Paths are absolute (`/proc/stat`).
//!
//! Where the kernel has no `openat2` and on other systems, paths below a sysroot are resolved one
//! component at a time: the same answer for a copy that stands still, no protection against somebody who
//! changes it meanwhile.

mod entry;
mod error;
mod journal;
#[cfg(target_os = "linux")]
mod openat2;
mod resolve;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _},
    path::{Path, PathBuf},
    sync::Arc,
};

pub use entry::{FileKind, Listing, Metadata};
pub use error::{ReadError, ReadErrorKind};
pub use journal::{Access, Journal};

/// The live machine or a sysroot. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Root {
    /// `None` is the live machine.
    below: Option<Arc<Sysroot>>,
    journal: Option<Arc<Journal>>,
}

#[derive(Debug)]
struct Sysroot {
    directory: PathBuf,
    /// The open directory, where the kernel can resolve below it.
    #[cfg(target_os = "linux")]
    handle: Option<std::os::fd::OwnedFd>,
}

/// Whether a symbolic link at the end of a path is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastLink {
    Follow,
    Keep,
}

impl Root {
    /// This machine.
    pub const fn live() -> Self {
        Self { below: None, journal: None }
    }

    /// A faithful copy of a machine's files below `directory`.
    ///
    /// # Errors
    /// Where `directory` is not a directory that can be opened.
    pub fn sysroot(directory: &Path) -> io::Result<Self> {
        let directory = directory.canonicalize()?;
        if !directory.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        #[cfg(target_os = "linux")]
        let handle = openat2::directory(&directory)?;
        Ok(Self {
            below: Some(Arc::new(Sysroot {
                directory,
                #[cfg(target_os = "linux")]
                handle,
            })),
            journal: None,
        })
    }

    /// The same root, with every path it is asked for written down.
    #[must_use]
    pub fn with_journal(self, journal: Arc<Journal>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// Whether this is the live machine: only then netlink and ioctls may be asked.
    pub const fn is_live(&self) -> bool {
        self.below.is_none()
    }

    /// The whole of a regular file of at most `max_bytes`. Files of `/proc` and `/sys` are read to
    /// their end, whatever size they claim.
    ///
    /// # Errors
    /// [`ReadErrorKind::TooLarge`] where there is more; see [`ReadErrorKind`] for the others.
    pub fn read(&self, path: impl AsRef<Path>, max_bytes: usize) -> Result<Vec<u8>, ReadError> {
        let path = path.as_ref();
        let (bytes, more) = self.read_prefix(path, max_bytes)?;
        if more {
            return Err(ReadError::new(path, ReadErrorKind::TooLarge));
        }
        Ok(bytes)
    }

    /// The first `max_bytes` of a regular file, and whether there is more.
    ///
    /// # Errors
    /// See [`ReadErrorKind`].
    pub fn read_prefix(
        &self,
        path: impl AsRef<Path>,
        max_bytes: usize,
    ) -> Result<(Vec<u8>, bool), ReadError> {
        let path = path.as_ref();
        let file = self.open(path)?;
        // Most files are smaller: one read fetches them, one finds their end.
        let mut bytes = Vec::with_capacity(SMALL_FILE_BYTES.min(max_bytes.saturating_add(1)));
        let wanted = u64::try_from(max_bytes).unwrap_or(u64::MAX);
        file.take(wanted.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| ReadError::from_io(path, error))?;
        let more = bytes.len() > max_bytes;
        bytes.truncate(max_bytes);
        Ok((bytes, more))
    }

    /// The last `max_bytes` of a regular file, from the beginning of a line, and whether there is more before.
    ///
    /// # Errors
    /// See [`ReadErrorKind`].
    pub fn read_tail(&self, path: impl AsRef<Path>, max_bytes: usize) -> Result<(Vec<u8>, bool), ReadError> {
        let path = path.as_ref();
        let fail = |error| ReadError::from_io(path, error);
        let mut file = self.open(path)?;
        let size = file.metadata().map_err(fail)?.len();
        let from = size.saturating_sub(u64::try_from(max_bytes).unwrap_or(u64::MAX));
        file.seek(io::SeekFrom::Start(from)).map_err(fail)?;
        let mut bytes = Vec::new();
        file.take(u64::try_from(max_bytes).unwrap_or(u64::MAX)).read_to_end(&mut bytes).map_err(fail)?;
        if from > 0 {
            let line = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1);
            bytes.drain(..line);
        }
        Ok((bytes, from > 0))
    }

    /// A file as text: bytes that are no UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn read_text(&self, path: impl AsRef<Path>, max_bytes: usize) -> Result<String, ReadError> {
        let bytes = self.read(path, max_bytes)?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// A small file's text without the white space around it: the form of most sysfs attributes.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn read_trimmed(&self, path: impl AsRef<Path>, max_bytes: usize) -> Result<String, ReadError> {
        let text = self.read_text(path, max_bytes)?;
        let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        Ok(if trimmed.len() == text.len() { text } else { trimmed.to_owned() })
    }

    /// Names in a directory, sorted; at most `max_entries`, chosen by the file system's order.
    ///
    /// # Errors
    /// See [`ReadErrorKind`]; [`ReadErrorKind::NotAFile`] where it is no directory.
    pub fn list_dir(&self, path: impl AsRef<Path>, max_entries: usize) -> Result<Listing, ReadError> {
        let path = path.as_ref();
        self.note(Access::Directory, path);
        let fail = |error: io::Error| ReadError::from_io(path, error);
        #[cfg(target_os = "linux")]
        if let Some(handle) = self.handle() {
            return openat2::list(handle, path, max_entries).map_err(fail);
        }
        let located = self.locate(path, LastLink::Follow).map_err(fail)?;
        let mut listing = Listing::default();
        for entry in fs::read_dir(located).map_err(fail)? {
            if !listing.add(&entry.map_err(fail)?.file_name(), max_entries) {
                break;
            }
        }
        listing.sort();
        Ok(listing)
    }

    /// The text of a symbolic link, as stored: it is not followed, so below a sysroot it may name a
    /// path that only means something inside it.
    ///
    /// # Errors
    /// See [`ReadErrorKind`]; [`ReadErrorKind::NotAFile`] where it is no link.
    pub fn read_link(&self, path: impl AsRef<Path>) -> Result<PathBuf, ReadError> {
        let path = path.as_ref();
        self.note(Access::Link, path);
        let fail = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidInput => ReadError::new(path, ReadErrorKind::NotAFile),
            _ => ReadError::from_io(path, error),
        };
        #[cfg(target_os = "linux")]
        if let Some(handle) = self.handle() {
            return openat2::link(handle, path).map_err(fail);
        }
        fs::read_link(self.locate(path, LastLink::Keep).map_err(fail)?).map_err(fail)
    }

    /// What a path leads to, links followed.
    ///
    /// # Errors
    /// See [`ReadErrorKind`].
    pub fn metadata(&self, path: impl AsRef<Path>) -> Result<Metadata, ReadError> {
        self.note(Access::Status, path.as_ref());
        self.stat(path.as_ref(), LastLink::Follow).map(|found| Metadata::from(&found))
    }

    /// What stands at a path, a link being a link.
    ///
    /// # Errors
    /// See [`ReadErrorKind`].
    pub fn link_metadata(&self, path: impl AsRef<Path>) -> Result<Metadata, ReadError> {
        self.note(Access::Status, path.as_ref());
        self.stat(path.as_ref(), LastLink::Keep).map(|found| Metadata::from(&found))
    }

    /// Whether a path leads to something. "Cannot tell" is `false` here: where the difference
    /// matters, ask [`Root::metadata`].
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.note(Access::Status, path.as_ref());
        self.stat(path.as_ref(), LastLink::Follow).is_ok()
    }

    /// A regular file, open for reading. Never waits: a FIFO, socket or device is an error.
    ///
    /// # Errors
    /// See [`ReadErrorKind`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File, ReadError> {
        let path = path.as_ref();
        self.note(Access::File, path);
        // Opening a device can act on it (a watchdog starts), so it is looked at first. The kernel's
        // own file systems hold none, and the most files.
        let pseudo = self.is_live() && (path.starts_with("/proc") || path.starts_with("/sys"));
        if !pseudo && !self.stat(path, LastLink::Follow)?.is_file() {
            return Err(ReadError::new(path, ReadErrorKind::NotAFile));
        }
        let file = self.open_raw(path).map_err(|error| ReadError::from_io(path, error))?;
        let metadata = file.metadata().map_err(|error| ReadError::from_io(path, error))?;
        if metadata.is_file() { Ok(file) } else { Err(ReadError::new(path, ReadErrorKind::NotAFile)) }
    }

    /// The path itself, every link in it resolved, as it is called inside this root.
    ///
    /// # Errors
    /// See [`ReadErrorKind`].
    pub fn canonical(&self, path: impl AsRef<Path>) -> Result<PathBuf, ReadError> {
        let path = path.as_ref();
        let fail = |error: io::Error| ReadError::from_io(path, error);
        match &self.below {
            None => path.canonicalize().map_err(fail),
            Some(below) => resolve::beneath(&below.directory, path, LastLink::Follow)
                .and_then(|inside| {
                    fs::symlink_metadata(below.directory.join(&inside))?;
                    Ok(Path::new("/").join(inside))
                })
                .map_err(fail),
        }
    }

    fn note(&self, access: Access, path: &Path) {
        if let Some(journal) = &self.journal {
            journal.add(access, path);
        }
    }

    fn open_raw(&self, path: &Path) -> io::Result<File> {
        #[cfg(target_os = "linux")]
        if let Some(handle) = self.handle() {
            return openat2::file(handle, path);
        }
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
        options.open(self.locate(path, LastLink::Follow)?)
    }

    fn stat(&self, path: &Path, last: LastLink) -> Result<fs::Metadata, ReadError> {
        let fail = |error: io::Error| ReadError::from_io(path, error);
        #[cfg(target_os = "linux")]
        if let Some(handle) = self.handle() {
            return openat2::stat(handle, path, last).map_err(fail);
        }
        let located = self.locate(path, last).map_err(fail)?;
        match last {
            LastLink::Follow => fs::metadata(located),
            LastLink::Keep => fs::symlink_metadata(located),
        }
        .map_err(fail)
    }

    /// Where a path lies on this machine, for systems whose kernel does not resolve below a directory.
    fn locate(&self, path: &Path, last: LastLink) -> io::Result<PathBuf> {
        match &self.below {
            None => Ok(path.to_path_buf()),
            Some(below) => Ok(below.directory.join(resolve::beneath(&below.directory, path, last)?)),
        }
    }

    #[cfg(target_os = "linux")]
    fn handle(&self) -> Option<&std::os::fd::OwnedFd> {
        self.below.as_ref()?.handle.as_ref()
    }
}

/// What is read at once of a file whose size is not known.
const SMALL_FILE_BYTES: usize = 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests;
