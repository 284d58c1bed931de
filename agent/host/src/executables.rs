//! What executables are.

use bearing_protocol::fact::Executable;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Executable>> {
    Err(Unread::unsupported("not read yet"))
}
