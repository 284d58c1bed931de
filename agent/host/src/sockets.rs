//! Sockets.

use bearing_protocol::fact::Socket;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Socket>> {
    Err(Unread::unsupported("not read yet"))
}
