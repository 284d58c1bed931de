use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{FileError, Lock, LockError, read_at_most, remove, write_atomically};

/// The state directory.
#[derive(Clone, Debug)]
pub struct StateDirectory {
    path: PathBuf,
}

impl StateDirectory {
    /// The directory at `path`, whether it exists or not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Makes it where it is missing, for its owner alone.
    ///
    /// # Errors
    /// [`FileError::Write`].
    pub fn create(&self) -> Result<(), FileError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let fail = |source| FileError::Write { path: self.path.clone(), source };
        builder.create(&self.path).map_err(fail)?;
        #[cfg(windows)]
        {
            // Others read the directory above (the notice is in it) and put nothing into it.
            if let Some(above) =
                self.path.parent().filter(|above| above.ends_with(super::paths::OWN_DIRECTORY))
            {
                bearing_host::windows::privacy::let_everybody_read(above).map_err(fail)?;
            }
            bearing_host::windows::privacy::keep_to_administrators(&self.path).map_err(fail)?;
        }
        Ok(())
    }

    /// Holds it for this process.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn lock(&self) -> Result<Lock, LockError> {
        Lock::acquire(&self.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file `name` in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads `name` as JSON; `None` where there is none.
    ///
    /// # Errors
    /// [`FileError::Malformed`] where it is no such JSON.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FileError> {
        let path = self.file(name);
        let Some(bytes) = read_at_most(&path, MAX_STATE_FILE_BYTES)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|source| FileError::Malformed { path, source })
    }

    /// Writes `value` as JSON in place of what `name` holds.
    ///
    /// # Errors
    /// [`FileError::Write`]; what was there stays.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), FileError> {
        let path = self.file(name);
        let bytes = serde_json::to_vec(value)
            .map_err(|error| FileError::Write { path: path.clone(), source: io::Error::other(error) })?;
        write_atomically(&path, &bytes)
    }

    /// Removes everything the agent keeps, key and enrolment included.
    ///
    /// # Errors
    /// The first file that cannot be removed.
    pub fn clean(&self) -> Result<(), FileError> {
        let fail = |source| FileError::Remove { path: self.path.clone(), source };
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(fail)?,
        };
        for entry in entries {
            let entry = entry.map_err(fail)?;
            if entry.file_type().map_err(fail)?.is_dir() {
                fs::remove_dir_all(entry.path()).map_err(fail)?;
            } else {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the cleaned directory, and the agent's own above it where nothing of others is in it.
    ///
    /// # Errors
    /// Where it is not empty or cannot be removed.
    #[cfg(windows)]
    pub fn remove_empty(&self) -> Result<(), FileError> {
        let fail = |source| FileError::Remove { path: self.path.clone(), source };
        fs::remove_dir(&self.path).map_err(fail)?;
        match self.path.parent().filter(|above| above.ends_with(super::paths::OWN_DIRECTORY)) {
            // An administrator's `agent.toml` stays, and the directory with it.
            Some(above) => match fs::remove_dir(above) {
                Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(fail(error)),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// Largest file that the agent reads from its state directory.
const MAX_STATE_FILE_BYTES: u64 = 8 * 1024 * 1024;
