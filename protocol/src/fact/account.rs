use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// Name.
    pub name: String,
    /// User id.
    pub uid: String,
    /// Home directory.
    pub home: Option<String>,
    /// Login shell.
    pub shell: Option<String>,
    /// Whether a person can sign in with it (a login shell and an ordinary id).
    pub interactive: bool,
    /// Whether it may act as administrator (root, or a member of sudo, wheel, admin).
    pub administrator: bool,
    /// The group or rule that makes it so.
    pub administrator_by: Option<String>,
}

/// A sign-in session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginSession {
    /// User name.
    pub user: String,
    /// Terminal (`tty2`, `pts/0`, `:1`).
    pub terminal: Option<String>,
    /// Seat, where it has one: a session without a seat has no local screen.
    pub seat: Option<String>,
    /// Whether it comes from another machine.
    pub remote: Option<bool>,
    /// From where, as the record says. Never leaves the device.
    pub remote_host: Option<String>,
    /// `x11`, `wayland`, `tty`, `rdp`, …
    pub kind: Option<String>,
    /// Which service opened it (`sshd`, `gdm-password`, `xrdp-sesman`).
    pub service: Option<String>,
    /// When it began.
    pub since: Option<Timestamp>,
    /// Time zone in its environment, where it differs from the system's.
    pub time_zone: Option<String>,
}

/// The SSH server as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SshServer {
    /// Files read, main file first.
    pub files: Vec<String>,
    /// Ports; empty means the default, 22.
    pub ports: Vec<u16>,
    /// `ListenAddress` values.
    pub listen_addresses: Vec<String>,
    /// `PermitRootLogin` in force.
    pub permit_root_login: Option<String>,
    /// `PasswordAuthentication` in force.
    pub password_authentication: Option<bool>,
    /// `AllowTcpForwarding` in force.
    pub allow_tcp_forwarding: Option<String>,
    /// `GatewayPorts` in force.
    pub gateway_ports: Option<String>,
    /// `PermitTunnel` in force.
    pub permit_tunnel: Option<String>,
    /// Lines that were not understood, counted.
    pub unknown_lines: u32,
    /// `Match` blocks present: the values above hold outside them.
    pub match_blocks: u32,
    /// Settings that `Match` blocks open for some, keyword and value (`PermitRootLogin yes`), where the values above
    /// do not say the same. Whom they are for is not kept.
    pub opened_for_some: Vec<String>,
}

/// One `authorized_keys` file, as digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthorizedKeys {
    /// Whose.
    pub user: String,
    /// The file.
    pub path: String,
    /// SHA-256 of each key's blob.
    pub keys: Vec<Digest>,
    /// When the file was last modified.
    pub modified_at: Option<Timestamp>,
}
