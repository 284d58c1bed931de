use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A name that a machine on the local network announced and that was heard without asking (multicast DNS).
/// Judged on the device; only a match with the catalogue leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardName {
    /// The name (`pikvm.local`, `pikvm._pikvm._tcp.local`).
    pub name: String,
    /// The service type, where one was announced (`_pikvm._tcp`).
    pub service: Option<String>,
    /// The address it was said to be at, or it was heard from.
    pub address: Option<IpAddr>,
    /// The interface it was heard on, where known.
    pub interface: Option<String>,
}
