//! Desktop entries and what starts at sign-in.

use bearing_protocol::fact::Autostart;

use crate::reading::{Context, Read, Unread};

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Vec<Autostart>> {
    Err(Unread::unsupported("not read yet"))
}
