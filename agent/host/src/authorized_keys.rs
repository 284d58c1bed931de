//! Keys that may sign in.

use bearing_protocol::fact::AuthorizedKeys;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<AuthorizedKeys>> {
    Err(Unread::unsupported("not read yet"))
}
