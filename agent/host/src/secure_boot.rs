//! Secure Boot.

use bearing_protocol::fact::SecureBoot;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<SecureBoot> {
    Err(Unread::unsupported("not read yet"))
}
