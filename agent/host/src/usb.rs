//! USB devices.

use bearing_protocol::fact::UsbDevice;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<UsbDevice>> {
    Err(Unread::unsupported("not read yet"))
}
