//! Block devices.

use bearing_protocol::fact::StorageDevice;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<StorageDevice>> {
    Err(Unread::unsupported("not read yet"))
}
