//! Resolving below a directory by the kernel. `man 2 openat2`, Linux 5.6.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::{OsStrExt as _, OsStringExt as _},
    },
    path::{Path, PathBuf},
};

use rustix::fs::{Dir, Mode, OFlags, ResolveFlags};

use super::{LastLink, Listing};

/// Opens a sysroot's directory; `None` where the kernel has no `openat2` (or a filter hides it).
pub(super) fn directory(path: &Path) -> io::Result<Option<OwnedFd>> {
    let handle = rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    match below(&handle, Path::new("/"), OFlags::PATH) {
        Ok(_) => Ok(Some(handle)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn file(root: &OwnedFd, path: &Path) -> io::Result<File> {
    below(root, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY).map(File::from)
}

pub(super) fn stat(root: &OwnedFd, path: &Path, last: LastLink) -> io::Result<fs::Metadata> {
    let keep = if last == LastLink::Keep { OFlags::NOFOLLOW } else { OFlags::empty() };
    File::from(below(root, path, OFlags::PATH | keep)?).metadata()
}

pub(super) fn link(root: &OwnedFd, path: &Path) -> io::Result<PathBuf> {
    let link = below(root, path, OFlags::PATH | OFlags::NOFOLLOW)?;
    match rustix::fs::readlinkat(link, "", Vec::new()) {
        Ok(text) => Ok(PathBuf::from(std::ffi::OsString::from_vec(text.into_bytes()))),
        // An empty path that is no link is "no such entry" to the kernel.
        Err(rustix::io::Errno::NOENT) => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn list(root: &OwnedFd, path: &Path, max_entries: usize) -> io::Result<Listing> {
    let directory = below(root, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK)?;
    let mut listing = Listing::default();
    for entry in Dir::new(directory)? {
        if !listing.add(OsStr::from_bytes(entry?.file_name().to_bytes()), max_entries) {
            break;
        }
    }
    listing.sort();
    Ok(listing)
}

fn below(root: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    // No magic links: those of a live `/proc` inside a sysroot would lead out of it.
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..RACES {
        match rustix::fs::openat2(root.as_fd(), path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // A rename raced with the kernel's walk; it asks to be asked again.
            Err(rustix::io::Errno::AGAIN) => {}
            done => return Ok(done?),
        }
    }
    Err(io::Error::from(io::ErrorKind::WouldBlock))
}

/// How often a walk that raced with a rename is tried.
const RACES: usize = 16;
