//! Sign-in sessions.

use bearing_protocol::fact::LoginSession;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<LoginSession>> {
    Err(Unread::unsupported("not read yet"))
}
