//! Whether an executable hides: under another name, in a place programs do not live, or deleted while it runs.
//!
//! Always: what a package owns does not hide (an upgrade leaves deleted executables behind), and an unreadable
//! package database is no proof of being unpackaged.

use bearing_protocol::fact::Owner;

use crate::catalogue::{Category, FactKind, Tool, basename};

/// How an executable hides, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disguise {
    /// It runs from a home directory, not installed.
    Portable,
    /// It runs from a place for temporary files.
    Temporary,
    /// Its file was deleted while it runs.
    Deleted,
    /// It is called something else than the product is.
    Renamed,
    /// It shows itself in the process list as another program.
    Imitating,
}

impl Disguise {
    /// What is wrong with it, for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Portable => "runs from a home directory and belongs to no package",
            Self::Temporary => "runs from a place for temporary files and belongs to no package",
            Self::Deleted => "runs although its file was deleted, and belongs to no package",
            Self::Renamed => "runs under a name that is not the product's",
            Self::Imitating => "shows itself in the process list as another program",
        }
    }
}

/// Where a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where programs are installed, or anywhere else.
    System,
    /// Below a home directory.
    Home,
    /// Where temporary files live.
    Temporary,
}

/// The kind of place a path lies in.
pub fn place_of(path: &str) -> Place {
    const TEMPORARY: [&str; 5] = ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/run/shm/"];
    // Where AppImages mount themselves while they run.
    if path.starts_with("/tmp/.mount_") {
        return Place::System;
    }
    if TEMPORARY.iter().any(|prefix| path.starts_with(prefix)) {
        Place::Temporary
    } else if path.starts_with("/home/") || path.starts_with("/root/") || path.starts_with("/Users/") {
        Place::Home
    } else {
        Place::System
    }
}

/// Whether `shown` (the first argument) pretends to be a kernel thread or a login shell that `path` is not.
pub(super) fn imitates(path: &str, shown: &str) -> bool {
    const SHELLS: [&str; 7] = ["bash", "sh", "dash", "zsh", "fish", "ksh", "busybox"];
    let own = basename(path);
    let kernel_thread = shown.starts_with('[') && shown.ends_with(']');
    let login_shell = shown.strip_prefix('-').is_some_and(|name| SHELLS.contains(&name));
    (kernel_thread || login_shell) && !SHELLS.contains(&own)
}

/// A file's name without what wrappers add (`.tailscaled-wrapped` is `tailscaled`).
pub(super) fn unwrapped(name: &str) -> &str {
    name.strip_prefix('.').and_then(|rest| rest.strip_suffix("-wrapped")).unwrap_or(name)
}

/// How the executable at `path` hides, if it does. `recognised` says whether it was recognised by what it is built
/// from: only then can its name be called foreign.
pub(super) fn of(
    tool: &Tool,
    path: &str,
    deleted: bool,
    owner: &Owner,
    recognised: bool,
) -> Option<Disguise> {
    if matches!(owner, Owner::Package(_)) {
        return None;
    }
    let mut names =
        tool.facts.iter().filter(|fact| fact.kind == FactKind::Executable).map(|f| f.value.as_str());
    let own = unwrapped(basename(path));
    if recognised && names.clone().next().is_some() && !names.any(|name| is_named(name, path, own)) {
        return Some(Disguise::Renamed);
    }
    let place = place_of(path);
    if deleted && (place != Place::System || *owner == Owner::Nobody) {
        return Some(Disguise::Deleted);
    }
    match place {
        Place::Temporary => Some(Disguise::Temporary),
        // Tunnels and terminal sharing are shipped as one file that people keep in their home.
        Place::Home if matches!(tool.category, Category::RemoteDesktop | Category::Rmm) => {
            Some(Disguise::Portable)
        }
        Place::Home | Place::System => None,
    }
}

fn is_named(name: &str, path: &str, own: &str) -> bool {
    match name.split_once('*') {
        Some((before, behind)) => path.starts_with(before) && path.ends_with(behind),
        None => basename(name) == own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        assert_eq!(place_of("/tmp/x"), Place::Temporary);
        assert_eq!(place_of("/home/a/bin/x"), Place::Home);
        assert_eq!(place_of("/usr/bin/x"), Place::System);
        assert_eq!(place_of("/tmpfiles/x"), Place::System);
    }

    #[test]
    fn only_kernel_threads_and_login_shells_are_imitated() {
        assert!(imitates("/home/a/.config/htop/defunct", "-bash"));
        assert!(imitates("/dev/shm/x", "[kworker/0:1]"));
        assert!(!imitates("/usr/bin/bash", "-bash"));
        assert!(!imitates("/usr/bin/python3", "/usr/bin/x"));
    }

    #[test]
    fn wrappers_are_seen_through() {
        assert_eq!(unwrapped(".tailscaled-wrapped"), "tailscaled");
        assert_eq!(unwrapped("tailscaled"), "tailscaled");
    }
}
