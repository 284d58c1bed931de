//! Service units.

use bearing_protocol::fact::Unit;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Unit>> {
    Err(Unread::unsupported("not read yet"))
}
