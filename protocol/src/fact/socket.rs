use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "plain words")]
pub enum Protocol {
    Tcp,
    Udp,
}

/// What a socket is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SocketState {
    /// Waiting for peers (for UDP: bound).
    Listening,
    /// Connected.
    Established,
    /// Anything between.
    Other,
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// Transport.
    pub protocol: Protocol,
    /// State.
    pub state: SocketState,
    /// Local address.
    pub local: IpAddr,
    /// Local port.
    pub local_port: u16,
    /// Peer's address. Never leaves the device.
    pub remote: Option<IpAddr>,
    /// Peer's port.
    pub remote_port: Option<u16>,
    /// Processes that hold it, where readable.
    pub pids: Vec<u32>,
    /// Owner's user id.
    pub uid: Option<String>,
}
