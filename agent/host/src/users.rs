//! Accounts.

use bearing_protocol::fact::User;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<User>> {
    Err(Unread::unsupported("not read yet"))
}
