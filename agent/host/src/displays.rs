//! Display connectors.

use bearing_protocol::fact::Display;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Display>> {
    Err(Unread::unsupported("not read yet"))
}
