//! This boot.

use bearing_protocol::fact::Boot;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Boot> {
    Err(Unread::unsupported("not read yet"))
}
