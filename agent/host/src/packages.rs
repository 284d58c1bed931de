//! Installed packages.

use bearing_protocol::fact::Package;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Package>> {
    Err(Unread::unsupported("not read yet"))
}
