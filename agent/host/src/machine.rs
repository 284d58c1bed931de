//! What kind of machine this is.

use bearing_protocol::fact::Machine;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Machine> {
    Err(Unread::unsupported("not read yet"))
}
