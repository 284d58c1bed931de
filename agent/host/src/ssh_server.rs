//! The SSH server.

use bearing_protocol::fact::SshServer;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Option<SshServer>> {
    Err(Unread::unsupported("not read yet"))
}
