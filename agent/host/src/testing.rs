//! Sysroots that tests build file by file. Built, not captured: where a capture exists, tests use it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bearing_protocol::{Timestamp, fact::Facts, plan::Plan};

use crate::{reading::Context, root::Root};

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

    #[cfg(unix)]
    pub(crate) fn fifo(&self, path: &str) -> &Self {
        let mode = rustix::fs::Mode::RUSR;
        #[cfg(target_os = "linux")]
        rustix::fs::mkfifoat(rustix::fs::CWD, self.at(path), mode).unwrap();
        let _ = mode;
        self
    }

    pub(crate) fn context(&self) -> Context {
        Context {
            root: Root::sysroot(self.directory.path()).unwrap(),
            plan: Arc::new(Plan::default()),
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            earlier: Arc::new(Facts::default()),
        }
    }
}
