//! The time zone.

use bearing_protocol::fact::TimeZone;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<TimeZone> {
    Err(Unread::unsupported("not read yet"))
}
