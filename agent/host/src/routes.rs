//! Routes and default gateways.

use bearing_protocol::fact::{Gateway, Route};

use crate::reading::{Context, Read, Unread};

/// Routes, and the gateways of the default ones.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// Routes of the main tables.
    pub routes: Vec<Route>,
    /// Default gateways.
    pub gateways: Vec<Gateway>,
}

/// Reads the source.
pub(crate) fn read(_context: &Context) -> Read<Routing> {
    Err(Unread::unsupported("not read yet"))
}
