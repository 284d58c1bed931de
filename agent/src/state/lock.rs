use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// One process's hold on the state directory: two would give one sequence number to two messages, which is what
/// a cloned key looks like. Released when dropped, or when the process ends however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why the state directory cannot be held.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum LockError {
    #[error("another bearing-agent process works with `{}`: stop the service first", .directory.display())]
    Held { directory: PathBuf },
    #[error("cannot lock `{}`", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl Lock {
    /// Takes the lock at once or not at all.
    ///
    /// # Errors
    /// [`LockError::Held`] where another process has it.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join(".lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Nobody else opens it while we have it open; removing it is allowed.
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, SHARE_DELETE);
        let file = options.open(&path).map_err(|source| match source.raw_os_error() {
            #[cfg(windows)]
            Some(SHARING_VIOLATION) => LockError::Held { directory: directory.to_path_buf() },
            _ => LockError::Io { path: path.clone(), source },
        })?;
        #[cfg(unix)]
        {
            use rustix::{fs::FlockOperation, io::Errno};
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => {
                    return Err(LockError::Held { directory: directory.to_path_buf() });
                }
                Err(error) => return Err(LockError::Io { path, source: error.into() }),
            }
        }
        Ok(Self { _file: file })
    }
}

/// `FILE_SHARE_DELETE`.
#[cfg(windows)]
const SHARE_DELETE: u32 = 4;
/// `ERROR_SHARING_VIOLATION`.
#[cfg(windows)]
const SHARING_VIOLATION: i32 = 32;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn one_process_holds_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let held = Lock::acquire(directory.path()).unwrap();
        assert!(matches!(Lock::acquire(directory.path()), Err(LockError::Held { .. })));
        drop(held);
        assert!(Lock::acquire(directory.path()).is_ok());
    }
}
