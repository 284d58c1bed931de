//! What one collection leaves for the next of the same process, never on disk.
//!
//! Always: forgetting it costs time and nothing else; the first collection begins with none.

use crate::{executables, heard_names::Heard, process_watch::ProcessLog};

/// Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What files were found to be.
    pub(crate) executables: executables::Memory,
    /// What ran since the last collection, where somebody watches.
    pub(crate) process_watch: Option<ProcessLog>,
    /// Names that were announced on the local network, where somebody listens.
    pub(crate) heard: Option<Heard>,
}
