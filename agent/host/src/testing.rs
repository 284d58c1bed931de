//! Sysroots that tests build file by file. Built, not captured: where a capture exists, tests use it.

#[cfg(unix)]
use std::path::Path;
use std::{fs, path::PathBuf, sync::Arc};

use bearing_protocol::{Timestamp, fact::Facts, plan::Plan};

use crate::{memory::Memory, reading::Context, root::Root};

/// A directory that stands for a machine.
pub(crate) struct Machine {
    directory: tempfile::TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// Where a path of the machine lies on this one.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        let place = self.directory.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        place
    }

    pub(crate) fn file(&self, path: &str, contents: impl AsRef<[u8]>) -> &Self {
        fs::write(self.at(path), contents).unwrap();
        self
    }

    /// Several files of one directory.
    #[cfg(unix)]
    pub(crate) fn files(&self, directory: &str, files: &[(&str, &str)]) -> &Self {
        for (name, contents) in files {
            self.file(&format!("{directory}/{name}"), format!("{contents}\n"));
        }
        self
    }

    pub(crate) fn directory(&self, path: &str) -> &Self {
        fs::create_dir_all(self.at(path)).unwrap();
        self
    }

    #[cfg(unix)]
    pub(crate) fn link(&self, path: &str, target: impl AsRef<Path>) -> &Self {
        std::os::unix::fs::symlink(target, self.at(path)).unwrap();
        self
    }

    /// Something in a file's place that would make a careless reader wait.
    #[cfg(unix)]
    pub(crate) fn fifo(&self, path: &str) -> &Self {
        make_fifo(&self.at(path));
        self
    }

    pub(crate) fn context(&self) -> Context {
        Context {
            root: Root::sysroot(self.directory.path()).unwrap(),
            plan: Arc::new(Plan::default()),
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            earlier: Arc::new(Facts::default()),
            memory: Memory::default(),
        }
    }
}

/// A FIFO, or where the system's own call for it is not wrapped, a socket.
#[cfg(unix)]
pub(crate) fn make_fifo(path: &Path) {
    #[cfg(target_os = "linux")]
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR).unwrap();
    #[cfg(not(target_os = "linux"))]
    drop(std::os::unix::net::UnixListener::bind(path).unwrap());
}
