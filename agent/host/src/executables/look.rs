//! One look into a file: everything its bytes tell, in one bounded pass.
//!
//! Always: what kind of file it is, its first bytes say, never its name; headers are read by offset, the rest
//! once, window by window.

use std::fs::File;

use bearing_protocol::fact::{Identity, IdentityKind};

use super::{asar, elf, mach_o, manifest::parse_manifest, markers::Markers, pe, zip};

/// Longest value that is kept of a mark, in bytes.
const MAX_VALUE_BYTES: usize = 512;

/// What a file's bytes tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) build_id: Option<String>,
    pub(super) go_module: Option<String>,
    pub(super) go_version: Option<String>,
    pub(super) markers: Vec<(String, String)>,
    pub(super) identities: Vec<Identity>,
    /// Bytes in which markers were looked for.
    pub(super) read_bytes: u64,
    /// Whether the file has more than that.
    pub(super) partial: bool,
    /// Whether the file changed meanwhile: then it must not be remembered.
    pub(super) changed: bool,
}

/// What is looked for beyond the headers.
#[derive(Clone, Copy)]
pub(super) enum Depth<'a> {
    /// Markers and crates in at most so many bytes.
    Whole(&'a Markers<'a>, u64),
    /// Headers only.
    Headers,
}

impl Look {
    /// Looks into a file.
    pub(super) fn into(file: &File, depth: Depth<'_>) -> Self {
        let before = file.metadata().ok();
        let mut look = Self::default();
        look.read_headers(file);
        if let Depth::Whole(markers, limit) = depth {
            let found = markers.find(file, limit);
            look.markers = found.markers;
            let crates = found.crates.into_iter();
            look.identities.extend(crates.map(|c| Identity { kind: IdentityKind::RustCrate, value: c.name }));
            look.read_bytes = found.read_bytes;
        }
        for mark in &mut look.identities {
            mark.value = bearing_protocol::text::printable(&mark.value, MAX_VALUE_BYTES);
        }
        let after = file.metadata().ok();
        let size = after.as_ref().map(std::fs::Metadata::len).unwrap_or_default();
        look.partial = matches!(depth, Depth::Whole(..)) && look.read_bytes < size;
        let state =
            |found: Option<std::fs::Metadata>| found.map(|found| (found.len(), found.modified().ok()));
        look.changed = state(before) != state(after);
        look
    }

    fn read_headers(&mut self, file: &File) {
        let go = if let Some(identity) = elf::identify(file) {
            self.build_id = identity.build_id;
            self.go_module = identity.go_module;
            self.go_version = identity.go_version;
            self.identities = identity.marks;
            return;
        } else if let Some(identity) = pe::identify(file) {
            self.identities = identity.identities;
            identity.go
        } else if let Some(identity) = mach_o::identify(file) {
            self.identities = identity.identities;
            identity.go
        } else if let Some(manifest) = zip::read_entry(file, "META-INF/MANIFEST.MF") {
            self.identities = parse_manifest(&manifest);
            None
        } else {
            let name = asar::application_name(file);
            self.identities =
                name.map(|value| Identity { kind: IdentityKind::ElectronApp, value }).into_iter().collect();
            None
        };
        if let Some(go) = go {
            self.go_module = go.module;
            self.go_version = go.version;
        }
    }
}
