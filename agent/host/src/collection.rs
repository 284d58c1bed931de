//! What incident responders collected on another machine: KAPE, UAC, Velociraptor, or a folder of saved outputs.
//!
//! Always: files are told by what they hold, not by their names alone; links are never followed out of the folder;
//! files, depth and bytes are bounded and what was left out is counted; a source that a collection cannot show is
//! `unsupported` with a reason, so its rules end as `not_checked` and never as a pass.
//! Never here: judgement, and anything of the machine this runs on.

pub mod hive;
pub mod io_registry;
pub mod lsusb;
pub mod plist;
pub mod setup_log;
pub mod system_profiler;
pub mod windows;

mod gather;
mod kind;
mod walk;

use std::{collections::BTreeSet, io, path::Path};

use bearing_protocol::{
    clock::Clock,
    coverage::{Coverage, Source, Status},
    fact::Facts,
    limits::MAX_TEXT_BYTES,
    plan::Plan,
    text::printable,
};

use crate::{
    collect::{Collection, ORDER, collect},
    root::Root,
};
use gather::Gathered;

/// Why a folder cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// It is no folder that can be opened.
    #[error("cannot open the collection `{path}`")]
    Open {
        /// The folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Nothing in it has a form that is read.
    #[error(
        "nothing in `{path}` is in a form that is read ({files} files looked at{unopened}): lsusb -v, ioreg -l or -a, \
         system_profiler -xml, a SYSTEM hive, setupapi.dev.log, or Linux files under their own paths"
    )]
    Nothing {
        /// The folder.
        path: String,
        /// How many files were looked at.
        files: u64,
        /// Archives that were not opened, in words.
        unopened: String,
    },
}

/// Reads the collection below `directory`.
///
/// # Errors
/// See [`CollectionError`].
pub fn read(
    directory: &Path,
    sources: &BTreeSet<Source>,
    plan: Plan,
    clock: &dyn Clock,
) -> Result<Facts, CollectionError> {
    let path = || printable(&directory.to_string_lossy(), MAX_TEXT_BYTES);
    let root = Root::sysroot(directory).map_err(|source| CollectionError::Open { path: path(), source })?;
    let files = walk::files(&root);
    let gathered = Gathered::read(&root, &files);
    // Windows and macOS machines hold Linux trees too: subsystems, containers, tools.
    let tree = linux_tree(&files).filter(|_| gathered.may_be_linux()).and_then(|below| {
        let inside = directory.join(below.trim_start_matches('/'));
        let collection = Collection { sources: sources.clone(), plan };
        Root::sysroot(&inside).ok().map(|root| collect(&root, &collection, clock))
    });
    if tree.is_none() && gathered.is_empty() {
        let unopened = files.archives_in_words().map(|words| format!(", {words}")).unwrap_or_default();
        return Err(CollectionError::Nothing { path: path(), files: files.seen, unopened });
    }
    let mut facts = tree.unwrap_or_else(|| {
        let coverage = ORDER.iter().map(|source| not_held(*source)).collect();
        Facts { collected_at: clock.now(), coverage, ..Facts::default() }
    });
    weaken(&mut facts);
    gathered.into_facts(&mut facts);
    let left_out = files.left_out_in_words();
    for line in &mut facts.coverage {
        if line.status == Status::Ok && left_out.is_some() {
            line.status = Status::Partial;
        }
        if let (Status::Ok | Status::Partial, Some(words)) = (line.status, &left_out) {
            line.detail = printable(&format!("{}; {words}", line.detail), MAX_TEXT_BYTES);
        }
    }
    keep_only(&mut facts, sources);
    Ok(facts)
}

fn not_held(source: Source) -> Coverage {
    let detail = match source {
        Source::Usb => "no list of USB devices is in this collection",
        Source::Hid => "no report descriptor is in this collection",
        Source::Displays => "no EDID is in this collection",
        Source::Storage => "no inquiry string is in this collection",
        _ => "a collection does not show it",
    };
    Coverage { source, status: Status::Unsupported, detail: detail.to_owned() }
}

/// Files of a Linux machine are in a collection only as far as somebody took them: never all there were.
fn weaken(facts: &mut Facts) {
    for line in facts.coverage.iter_mut().filter(|line| line.status == Status::Ok) {
        line.status = Status::Partial;
        line.detail = format!("{}; only files that were collected", line.detail);
    }
}

/// Policy switches sources off in a collection as on a machine.
fn keep_only(facts: &mut Facts, sources: &BTreeSet<Source>) {
    for line in facts.coverage.iter_mut().filter(|line| !sources.contains(&line.source)) {
        match line.source {
            Source::Usb => facts.usb.clear(),
            Source::Hid => facts.hid.clear(),
            Source::Storage => facts.storage.clear(),
            Source::Displays => facts.displays.clear(),
            Source::Machine => facts.machine = bearing_protocol::fact::Machine::default(),
            _ => {}
        }
        line.status = Status::Denied;
        "switched off by policy".clone_into(&mut line.detail);
    }
}

/// Where a Linux machine's files begin, if any were taken: the shortest path before `/etc/…` or `/sys/bus/usb/…`.
fn linux_tree(files: &walk::Files) -> Option<String> {
    const MARKS: [&str; 3] = ["/etc/os-release", "/etc/machine-id", "/sys/bus/usb/devices/"];
    files
        .paths
        .iter()
        .filter_map(|path| MARKS.iter().find_map(|mark| path.find(mark)).and_then(|at| path.get(..at)))
        .min_by_key(|prefix| prefix.len())
        .map(|prefix| if prefix.is_empty() { "/".to_owned() } else { prefix.to_owned() })
}

#[cfg(test)]
mod tests;
