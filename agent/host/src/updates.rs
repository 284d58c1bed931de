//! Automatic updates.

use bearing_protocol::fact::Updates;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Updates> {
    Err(Unread::unsupported("not read yet"))
}
