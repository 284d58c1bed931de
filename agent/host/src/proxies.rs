//! Configured proxies.

use bearing_protocol::fact::Proxy;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Proxy>> {
    Err(Unread::unsupported("not read yet"))
}
