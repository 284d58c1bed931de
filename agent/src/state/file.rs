//! Files that only the agent's user reads.
//!
//! Always: a cut at any moment leaves the old file or the new one, never a mixture; when a function returns, what
//! it did has reached the disk; nothing follows a link that somebody else could have laid.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// A file of the state directory that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum FileError {
    #[error("cannot write `{}`", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read `{}`", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is larger than {limit} bytes", .path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("`{}` exists and is never replaced", .path.display())]
    Exists { path: PathBuf },
    #[error("`{}` does not hold what it should", .path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
    #[error("cannot remove `{}`", .path.display())]
    Remove { path: PathBuf, source: io::Error },
}

impl FileError {
    /// Whether it was refused for want of permission.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// Puts `bytes` in place of what `path` holds. A full disk leaves what was there.
///
/// # Errors
/// [`FileError::Write`].
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = write_beside(path, bytes)?;
    let placed = fs::rename(&temporary, path).and_then(|()| sync_directory(path));
    placed.map_err(|source| {
        let _ = fs::remove_file(&temporary);
        FileError::Write { path: path.to_path_buf(), source }
    })
}

/// Makes `path` with `bytes`, whole or not at all.
///
/// # Errors
/// [`FileError::Exists`] where there is one already; [`FileError::Write`].
pub fn create_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = write_beside(path, bytes)?;
    let linked = fs::hard_link(&temporary, path);
    let _ = fs::remove_file(&temporary);
    match linked.and_then(|()| sync_directory(path)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(FileError::Exists { path: path.to_path_buf() })
        }
        Err(source) => Err(FileError::Write { path: path.to_path_buf(), source }),
    }
}

/// The whole of `path`, at most `limit` bytes; `None` where there is none.
///
/// # Errors
/// [`FileError::TooLarge`], [`FileError::Read`].
pub fn read_at_most(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let fail = |source| FileError::Read { path: path.to_path_buf(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
    }
    Ok(Some(bytes))
}

/// Removes `path`; one that is not there is no error.
///
/// # Errors
/// [`FileError::Remove`].
pub fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path).and_then(|()| sync_directory(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileError::Remove { path: path.to_path_buf(), source: error })
        }
        _ => Ok(()),
    }
}

/// Writes a temporary file in the same directory and takes it to the disk.
fn write_beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, FileError> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(TEMPORARY_SUFFIX);
    let temporary = path.with_file_name(name);
    let write = || {
        // One process holds the directory, so a file of this name is what a cut left behind.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| {
        let _ = fs::remove_file(&temporary);
        FileError::Write { path: path.to_path_buf(), source }
    })?;
    Ok(temporary)
}

/// Only the owner may read and write what is created.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A new name is on the disk only when its directory is.
fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// How files end that a cut may leave behind.
pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_keeps_the_last_good_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.json");
        write_atomically(&path, b"good").unwrap();
        // What stands in the temporary file's place cannot be removed: as on a full or broken disk, nothing is written.
        fs::create_dir(directory.path().join(".policy.json.tmp")).unwrap();
        assert!(matches!(write_atomically(&path, b"new"), Err(FileError::Write { .. })));
        assert_eq!(read_at_most(&path, 10).unwrap().unwrap(), b"good");
    }

    #[test]
    fn a_file_that_exists_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("device.key");
        create_new(&path, b"first").unwrap();
        assert!(matches!(create_new(&path, b"second"), Err(FileError::Exists { .. })));
        assert_eq!(read_at_most(&path, 10).unwrap().unwrap(), b"first");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_what_is_written() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write_atomically(&path, b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn more_than_the_limit_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large");
        write_atomically(&path, b"12345").unwrap();
        assert!(matches!(read_at_most(&path, 4), Err(FileError::TooLarge { .. })));
        assert!(read_at_most(&path, 5).unwrap().is_some());
        assert!(read_at_most(&directory.path().join("none"), 5).unwrap().is_none());
    }
}
