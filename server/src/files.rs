//! Files of the data directory: bounded reading, and writing that nobody else can read.
//!
//! Always: a secret is created anew with mode 0600, never over an existing file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
};

/// Largest file of the data directory that is read whole (the store is not one of them).
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum FileError {
    #[error("cannot read `{path}`")]
    Read { path: String, source: io::Error },
    #[error("`{path}` is over the limit of {MAX_FILE_BYTES} bytes")]
    TooLarge { path: String },
    #[error("`{path}` exists already and is not overwritten: choose another path, or remove it first")]
    Exists { path: String },
    #[error("cannot write `{path}`")]
    Write { path: String, source: io::Error },
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The text of a file.
///
/// # Errors
/// Where it cannot be read, is too large, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let read = |source| FileError::Read { path: shown(path), source };
    let mut file = File::open(path).map_err(read)?;
    let mut text = String::new();
    let size = (&mut file).take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(read)?;
    if size as u64 > MAX_FILE_BYTES { Err(FileError::TooLarge { path: shown(path) }) } else { Ok(text) }
}

/// Creates a file that only its owner can read, and makes it durable.
///
/// # Errors
/// Where it is there already or cannot be written.
pub fn create_secret(path: &Path, text: &str) -> Result<(), FileError> {
    create(path, text, 0o600)
}

/// Creates a file that everybody may read.
///
/// # Errors
/// As [`create_secret`].
pub fn create_public(path: &Path, text: &str) -> Result<(), FileError> {
    create(path, text, 0o644)
}

fn create(path: &Path, text: &str, mode: u32) -> Result<(), FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => FileError::Exists { path: shown(path) },
        _ => FileError::Write { path: shown(path), source },
    })?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|source| FileError::Write { path: shown(path), source })
}

/// Creates a directory that only its owner can enter; one that is there already is narrowed.
///
/// # Errors
/// Where it cannot be made.
pub fn create_private_directory(path: &Path) -> Result<(), FileError> {
    let write = |source| FileError::Write { path: shown(path), source };
    fs::create_dir_all(path).map_err(write)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(write)?;
    Ok(())
}
