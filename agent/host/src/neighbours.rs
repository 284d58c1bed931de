//! Neighbours.

use bearing_protocol::fact::Neighbour;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Neighbour>> {
    Err(Unread::unsupported("not read yet"))
}
