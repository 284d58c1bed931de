//! Running processes.

use bearing_protocol::fact::Process;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Process>> {
    Err(Unread::unsupported("not read yet"))
}
