//! Input devices.

use bearing_protocol::fact::InputDevice;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<InputDevice>> {
    Err(Unread::unsupported("not read yet"))
}
