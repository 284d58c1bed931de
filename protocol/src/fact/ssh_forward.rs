use serde::{Deserialize, Serialize};

/// What a forwarding opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForwardKind {
    /// `RemoteForward`: a port there reaches here.
    Remote,
    /// `LocalForward`.
    Local,
    /// `DynamicForward`.
    Dynamic,
    /// `Tunnel`: a network interface.
    Tunnel,
}

/// A forwarding written in SSH client configuration. Hosts and users named there never leave the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshForward {
    /// The file.
    pub path: String,
    /// Whose, where it lies in a home directory.
    pub user: Option<String>,
    /// The `Host` patterns or `Match` words it stands under; empty where it holds for all.
    pub hosts: Vec<String>,
    /// What it opens.
    pub kind: ForwardKind,
    /// Its words (`2222 localhost:22`).
    pub specification: String,
    /// `ExitOnForwardFailure`, `ServerAliveInterval`, `ControlPersist` in the same block: signs that it is meant to stay.
    pub kept_up: bool,
}
