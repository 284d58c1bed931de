//! What was looked at, and what could not be.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! sources {
    ($($variant:ident = $word:literal, $doc:literal;)*) => {
        /// A source of facts. The word is stable: policies, coverage and findings use it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Source {
            $(#[doc = $doc] #[serde(rename = $word)] $variant,)*
        }

        impl Source {
            /// All sources.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What it reads, for people.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $doc),* }
            }
        }
    };
}

sources! {
    Machine = "machine", "Kind of machine: DMI, battery, lid, virtualisation.";
    Boot = "boot", "Boot id and boot time.";
    Os = "os", "Name and version of the operating system.";
    Processes = "processes", "Running processes and the files they run.";
    Executables = "executables", "What the running and autostarting executables are: build identity, markers.";
    Sockets = "sockets", "Listening and established sockets with their process.";
    Units = "units", "Services and timers of the service manager.";
    Packages = "packages", "Installed packages and who owns which file.";
    Autostart = "autostart", "Desktop entries and what starts at sign-in.";
    Artefacts = "artefacts", "Known paths that remote-access tools leave behind.";
    Users = "users", "Accounts and group membership.";
    Sessions = "sessions", "Who is signed in, from where.";
    SshServer = "ssh-server", "The SSH server's configuration.";
    AuthorizedKeys = "authorized-keys", "Keys that may sign in over SSH, as digests.";
    Usb = "usb", "USB devices with their raw descriptors.";
    Hid = "hid", "HID devices with their raw report descriptors.";
    Input = "input", "Input devices as the kernel names them.";
    Storage = "storage", "Inquiry strings of block devices.";
    Displays = "displays", "Display connectors and their raw EDID.";
    Interfaces = "interfaces", "Network interfaces.";
    Routes = "routes", "Routes and default gateways.";
    Neighbours = "neighbours", "Neighbours already in the kernel's table.";
    WifiRegulatory = "wifi-regulatory", "Wi-Fi regulatory country of the kernel.";
    Radios = "radios", "Switches of radios and of the location service.";
    Dns = "dns", "Configured name servers.";
    Proxies = "proxies", "Configured proxies.";
    TimeZone = "time-zone", "Time zone, and whether it is set automatically.";
    SecureBoot = "secure-boot", "Secure Boot state.";
    DiskEncryption = "disk-encryption", "Encryption under the root and home file systems.";
    Firewall = "firewall", "Host firewall, by its configuration files.";
    Updates = "updates", "Automatic updates.";
    DeviceEvents = "device-events", "What devices did between evaluations, and devices the system remembers.";
    ProcessWatch = "process-watch", "Programs and listeners that came and went between evaluations.";
    PresenceDays = "presence-days", "Day flags of lid and built-in input: counts of days, only where policy opts in.";
    Inhibitors = "inhibitors", "What keeps the machine awake.";
    HeardNames = "heard-names", "Names announced on the local network, heard without asking.";
    ToolState = "tool-state", "How remote-access tools are set up: tenant, unattended access, switches; never secrets.";
    ScreenGrants = "screen-grants", "Who may see or steer the screen.";
    SshClient = "ssh-client", "Forwardings in SSH client configuration.";
    BrowserExtensions = "browser-extensions", "Ids of browser extensions and native messaging hosts.";
    Containers = "containers", "Containers, their images and published ports.";
    Policy = "policy", "The policy in force and how it was verified.";
    Spool = "spool", "Reports waiting to be sent, and what was dropped.";
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no source.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a source of facts: `{0}`")]
pub struct SourceSyntax(pub String);

impl FromStr for Source {
    type Err = SourceSyntax;
    fn from_str(text: &str) -> Result<Self, SourceSyntax> {
        Self::ALL.iter().copied().find(|s| s.as_str() == text).ok_or_else(|| SourceSyntax(text.to_owned()))
    }
}

/// How far a source could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All of it, within its limits.
    Ok,
    /// Some of it; `detail` says what is missing.
    Partial,
    /// This system has no such source, or we cannot read it here.
    Unsupported,
    /// No permission, or switched off by policy (`detail` says which).
    Denied,
    /// It failed.
    Error,
}

impl Status {
    /// The word, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Unsupported => "unsupported",
            Self::Denied => "denied",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One source's coverage in one evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Which source.
    pub source: Source,
    /// How far it could be read.
    pub status: Status,
    /// What was read or is missing, in words ("412 processes; 3 without exe link: no permission").
    #[serde(default)]
    pub detail: String,
}
