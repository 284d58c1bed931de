//! Host firewall.

use bearing_protocol::fact::Firewall;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Firewall> {
    Err(Unread::unsupported("not read yet"))
}
