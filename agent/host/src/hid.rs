//! HID devices.

use bearing_protocol::fact::HidDevice;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<HidDevice>> {
    Err(Unread::unsupported("not read yet"))
}
