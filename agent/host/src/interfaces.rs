//! Network interfaces.

use bearing_protocol::fact::Interface;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Interface>> {
    Err(Unread::unsupported("not read yet"))
}
