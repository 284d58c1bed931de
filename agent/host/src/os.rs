//! Name and version of the operating system, and what the machine is called.

use bearing_protocol::report::OsSummary;

use crate::reading::{Context, Read, Unread};

/// The operating system and the host's name.
#[derive(Clone, Debug, Default)]
pub struct System {
    /// Host name.
    pub hostname: String,
    /// The operating system.
    pub os: OsSummary,
}

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<System> {
    Err(Unread::unsupported("not read yet"))
}
