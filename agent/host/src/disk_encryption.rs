//! Disk encryption.

use bearing_protocol::fact::DiskEncryption;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<DiskEncryption> {
    Err(Unread::unsupported("not read yet"))
}
