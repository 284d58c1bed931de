//! Resolving below a directory one component at a time.

use std::{
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::LastLink;

/// The path below `directory` that `path` leads to, with `directory` as the root of every link:
/// relative, without links (but the last, where it is kept) and without `..`. A last
/// component that does not exist resolves to where it would be.
pub(super) fn beneath(directory: &Path, path: &Path, last: LastLink) -> io::Result<PathBuf> {
    let mut pending = components(path);
    let mut resolved = PathBuf::new();
    let mut links = 0;
    while let Some(component) = pending.pop() {
        if component == ".." {
            resolved.pop();
            continue;
        }
        let candidate = resolved.join(&component);
        let keep = pending.is_empty() && last == LastLink::Keep;
        let is_link = !keep
            && match fs::symlink_metadata(directory.join(&candidate)) {
                Ok(found) if found.is_symlink() => true,
                // Only a directory leads on, be it to `..`.
                Ok(found) if !pending.is_empty() && !found.is_dir() => {
                    return Err(io::Error::from(io::ErrorKind::NotADirectory));
                }
                Ok(_) => false,
                Err(error) if error.kind() == io::ErrorKind::NotFound && pending.is_empty() => false,
                Err(error) => return Err(error),
            };
        if !is_link {
            resolved = candidate;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(io::Error::other("too many symbolic links"));
        }
        let target = fs::read_link(directory.join(&candidate))?;
        if target.has_root() {
            resolved.clear();
        }
        pending.extend(components(&target));
    }
    Ok(resolved)
}

/// The components of a path in reverse, so that the next is popped.
fn components(path: &Path) -> Vec<OsString> {
    let mut parts: Vec<_> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_os_string()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect();
    parts.reverse();
    parts
}

/// As many as the kernel follows (`man 7 path_resolution`).
const MAX_LINKS: usize = 40;
