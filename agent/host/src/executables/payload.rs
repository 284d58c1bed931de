//! What an interpreter or a loader really runs: a script, an archive, a Windows program.
//!
//! Always: it is found from the arguments of a process as the interpreter itself would read them, and from
//! files beside it that are read bounded; a name in an argument alone is no file. Nothing is evaluated.
//! Arguments stay here: what is kept is the file's path and the marks.

mod java;
mod node;
mod python;
mod shell;
mod wine;

use bearing_protocol::fact::{Identity, IdentityKind, Process};

use super::network_places::NetworkPlaces;
use crate::root::Root;

/// What a process runs beside its own executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Payload {
    /// Its file, links resolved, where one was found.
    pub(crate) path: Option<String>,
    /// What the arguments and files beside it tell.
    pub(crate) marks: Vec<Identity>,
    /// Whether the file itself is a program whose bytes tell more.
    pub(crate) form: Form,
}

/// What kind of file a payload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// Text: its marks were read already.
    #[default]
    Script,
    /// Java's archive.
    Jar,
    /// A Windows program.
    Windows,
    /// Electron's archive.
    Asar,
}

/// What `process` runs, where its executable is an interpreter. `None` for every other process.
pub(super) fn find(root: &Root, far: &NetworkPlaces, process: &Process) -> Option<Payload> {
    let executable = process.executable.as_deref()?;
    let place = Place { root, far, process };
    match interpreter(executable) {
        "java" | "javaw" => java::find(&place),
        "python" | "pypy" => python::find(&place),
        "node" | "nodejs" | "bun" | "deno" | "electron" => node::find(&place),
        "wine" | "wine-preloader" | "wine64" | "wine64-preloader" => wine::find(&place),
        "mono" | "mono-sgen" | "dotnet" => wine::find_managed(&place),
        "busybox" | "toybox" => shell::applet(&place),
        "bash" | "sh" | "dash" | "zsh" | "ksh" | "mksh" | "fish" => shell::find(&place),
        "perl" | "ruby" | "php" | "tclsh" | "wish" | "lua" | "guile" => shell::find(&place),
        _ => None,
    }
}

/// The name of an interpreter without its version (`python3.11`, `ruby2.7`, `electron28`).
fn interpreter(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "wine64" | "wine64-preloader" => name,
        _ => name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-')),
    }
}

/// Where a process's words lead.
struct Place<'a> {
    root: &'a Root,
    /// Where nothing is followed: it may take for ever.
    far: &'a NetworkPlaces,
    process: &'a Process,
}

impl Place<'_> {
    /// The words behind the interpreter's own name.
    fn words(&self) -> &[String] {
        self.process.arguments.get(1..).unwrap_or_default()
    }

    /// A file or directory that an argument names, links resolved: `None` where there is none.
    fn locate(&self, argument: &str) -> Option<String> {
        // Another root than ours: a path in it is none of this file system.
        let unit = self.process.unit.as_deref().unwrap_or_default();
        if argument.is_empty() || unit.starts_with("container:") || unit.starts_with("flatpak:") {
            return None;
        }
        let path = if argument.starts_with('/') {
            argument.to_owned()
        } else {
            format!("{}/{argument}", self.process.working_directory.as_deref()?)
        };
        if self.far.hold(&path) {
            return None;
        }
        self.root.canonical(path).ok()?.into_os_string().into_string().ok()
    }
}

/// How an interpreter reads its options.
struct Options {
    /// Options that make the rest no script (`-c`).
    code: &'static [&'static str],
    /// Options that take the next word.
    valued: &'static [&'static str],
}

impl Options {
    /// The first word that is no option, with the words behind it. `None` where there is none, or code
    /// stands in the arguments themselves.
    fn script<'a>(&self, words: &'a [String]) -> Option<(&'a str, &'a [String])> {
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            if word == "--" {
                return behind.split_first().map(|(script, behind)| (script.as_str(), behind));
            }
            if word == "-" || self.code.contains(&word.as_str()) {
                return None;
            }
            if !word.starts_with('-') {
                return Some((word, behind));
            }
            rest = if self.valued.contains(&word.as_str()) { behind.get(1..)? } else { behind };
        }
        None
    }
}

fn mark(kind: IdentityKind, value: impl Into<String>) -> Identity {
    Identity { kind, value: value.into() }
}

/// The directory a path lies in.
fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent).filter(|parent| !parent.is_empty())
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
