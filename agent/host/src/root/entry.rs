use std::{ffi::OsStr, fs};

use jiff::Timestamp;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A FIFO, a socket, a device.
    Other,
}

/// What the file system says about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: FileKind,
    /// Size in bytes; 0 for files that the kernel makes while they are read.
    pub size_bytes: u64,
    /// Owner, where the system has user ids.
    pub uid: Option<u32>,
    /// Group, where the system has group ids.
    pub gid: Option<u32>,
    /// Permission bits (`st_mode & 0o7777`), where the system has them.
    pub mode: Option<u32>,
    /// Last change of the contents.
    pub modified_at: Option<Timestamp>,
    /// Last change of contents or attributes (`st_ctime`), where the system has it.
    pub changed_at: Option<Timestamp>,
    /// When it came to be (birth time), where the file system keeps it.
    pub created_at: Option<Timestamp>,
    /// Device number (`st_dev`), where the system has it.
    pub device: Option<u64>,
    /// Inode number, where the system has it.
    pub inode: Option<u64>,
}

impl From<&fs::Metadata> for Metadata {
    fn from(found: &fs::Metadata) -> Self {
        let kind = if found.is_file() {
            FileKind::File
        } else if found.is_dir() {
            FileKind::Directory
        } else if found.is_symlink() {
            FileKind::Link
        } else {
            FileKind::Other
        };
        let modified_at = found.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        // File systems that do not keep it, or images built without it, say 1970.
        let created_at = found.created().ok().and_then(|time| Timestamp::try_from(time).ok());
        let created_at = created_at.filter(|at| at.as_second() > 0);
        let plain = Self {
            kind,
            size_bytes: found.len(),
            uid: None,
            gid: None,
            mode: None,
            modified_at,
            changed_at: None,
            created_at,
            device: None,
            inode: None,
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Self {
                uid: Some(found.uid()),
                gid: Some(found.gid()),
                mode: Some(found.mode() & 0o7777),
                changed_at: i32::try_from(found.ctime_nsec())
                    .ok()
                    .and_then(|nanoseconds| Timestamp::new(found.ctime(), nanoseconds).ok()),
                device: Some(found.dev()),
                inode: Some(found.ino()),
                ..plain
            }
        }
        #[cfg(not(unix))]
        plain
    }
}

/// Names in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The names, sorted, without `.` and `..`.
    pub names: Vec<String>,
    /// Whether there are more than were asked for.
    pub truncated: bool,
    /// Names that are no UTF-8, counted and left out.
    pub undecodable: usize,
}

impl Listing {
    /// Takes one name; `false` where the limit is reached.
    pub(super) fn add(&mut self, name: &OsStr, max_entries: usize) -> bool {
        if name == "." || name == ".." {
            return true;
        }
        if self.names.len() + self.undecodable >= max_entries {
            self.truncated = true;
            return false;
        }
        match name.to_str() {
            Some(name) => self.names.push(name.to_owned()),
            None => self.undecodable += 1,
        }
        true
    }

    pub(super) fn sort(&mut self) {
        self.names.sort_unstable();
    }
}
