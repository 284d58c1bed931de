//! What was observed, before anybody judged it. Facts stay on the machine; a report carries findings and
//! the compact inventory that policy asks for.
//!
//! Always: raw bytes travel as bytes (hex in JSON), meaning is made by `bearing-descriptors` and the
//! detectors; an absent value is `None`, never an empty string that could pass for an answer.

mod account;
mod artefact;
mod browser_extension;
mod container;
mod device;
mod device_event;
mod display;
mod executable;
mod heard_name;
mod hid;
mod identity;
mod inhibitor;
mod network;
mod package;
mod posture;
mod presence;
mod process;
mod radio;
mod screen_grant;
mod socket;
mod ssh_forward;
mod storage;
mod time_zone;
mod tool_state;
mod unit;
mod usb;

pub use account::{AuthorizedKeys, LoginSession, SshServer, User};
pub use artefact::Artefact;
pub use browser_extension::BrowserExtension;
pub use container::Container;
pub use device::{Boot, Machine, MachineKind};
pub use device_event::{DeviceAction, DeviceEvent};
pub use display::Display;
pub use executable::{Executable, Owner};
pub use heard_name::HeardName;
pub use hid::{HidBus, HidDevice, InputDevice};
pub use identity::{Identity, IdentityKind};
pub use inhibitor::Inhibitor;
pub use network::{Egress, Gateway, Interface, InterfaceKind, Neighbour, Network, Proxy, Route};
pub use package::{Package, PackageManager};
pub use posture::{DiskEncryption, Firewall, Posture, SecureBoot, Updates, VolumeEncryption};
pub use presence::PresenceDays;
pub use process::Process;
pub use radio::{LocationSwitch, RadioKind, RadioSwitch, Radios};
pub use screen_grant::ScreenGrant;
pub use socket::{Protocol, Socket, SocketState};
pub use ssh_forward::{ForwardKind, SshForward};
pub use storage::StorageDevice;
pub use time_zone::TimeZone;
pub use tool_state::{Binding, BindingKind, ToolState};
pub use unit::{Autostart, AutostartKind, Enablement, Unit};
pub use usb::{UsbDevice, UsbInterface, UsbSpeed};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{coverage::Coverage, report::OsSummary};

/// Bytes that are hex in JSON.
pub mod hex_bytes {
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes bytes as lower-case hex.
    #[allow(clippy::missing_errors_doc, reason = "serde's own contract")]
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    /// Reads hex.
    #[allow(clippy::missing_errors_doc, reason = "serde's own contract")]
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map_err(serde::de::Error::custom)
    }
}

/// Everything one collection observed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// When collecting began, UTC.
    pub collected_at: Timestamp,
    /// Host name, as the system has it.
    pub hostname: String,
    /// The operating system.
    pub os: OsSummary,
    /// What kind of machine, and why we think so.
    pub machine: Machine,
    /// This boot.
    pub boot: Boot,
    /// Running processes.
    pub processes: Vec<Process>,
    /// What their executables are.
    pub executables: Vec<Executable>,
    /// Listening and established sockets.
    pub sockets: Vec<Socket>,
    /// Service units.
    pub units: Vec<Unit>,
    /// Installed packages.
    pub packages: Vec<Package>,
    /// What starts at sign-in, and desktop entries.
    pub autostart: Vec<Autostart>,
    /// Known artefact paths that exist.
    pub artefacts: Vec<Artefact>,
    /// Accounts.
    pub users: Vec<User>,
    /// Sign-in sessions.
    pub sessions: Vec<LoginSession>,
    /// The SSH server.
    pub ssh_server: Option<SshServer>,
    /// Keys that may sign in.
    pub authorized_keys: Vec<AuthorizedKeys>,
    /// USB devices.
    pub usb: Vec<UsbDevice>,
    /// HID devices, on USB, Bluetooth or any other bus.
    pub hid: Vec<HidDevice>,
    /// Input devices.
    pub input: Vec<InputDevice>,
    /// Block devices with inquiry strings.
    pub storage: Vec<StorageDevice>,
    /// Display connectors.
    pub displays: Vec<Display>,
    /// Network state.
    pub network: Network,
    /// Switches of radios and of the location service.
    pub radios: Radios,
    /// Time zone.
    pub time_zone: TimeZone,
    /// Posture sources.
    pub posture: Posture,
    /// What devices did between evaluations, oldest first.
    pub device_events: Vec<DeviceEvent>,
    /// Day flags of lid and built-in input, where policy opts in.
    pub presence: Option<PresenceDays>,
    /// What keeps the machine awake.
    pub inhibitors: Vec<Inhibitor>,
    /// How remote-access tools are set up here.
    pub tool_states: Vec<ToolState>,
    /// Who may see or steer the screen.
    pub screen_grants: Vec<ScreenGrant>,
    /// Forwardings in SSH client configuration.
    pub ssh_forwards: Vec<SshForward>,
    /// Browser extensions and native messaging hosts.
    pub browser_extensions: Vec<BrowserExtension>,
    /// Containers.
    pub containers: Vec<Container>,
    /// How far each source could be read.
    pub coverage: Vec<Coverage>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            collected_at: Timestamp::UNIX_EPOCH,
            hostname: String::new(),
            os: OsSummary::default(),
            machine: Machine::default(),
            boot: Boot::default(),
            processes: Vec::new(),
            executables: Vec::new(),
            sockets: Vec::new(),
            units: Vec::new(),
            packages: Vec::new(),
            autostart: Vec::new(),
            artefacts: Vec::new(),
            users: Vec::new(),
            sessions: Vec::new(),
            ssh_server: None,
            authorized_keys: Vec::new(),
            usb: Vec::new(),
            hid: Vec::new(),
            input: Vec::new(),
            storage: Vec::new(),
            displays: Vec::new(),
            network: Network::default(),
            radios: Radios::default(),
            time_zone: TimeZone::default(),
            posture: Posture::default(),
            device_events: Vec::new(),
            presence: None,
            inhibitors: Vec::new(),
            tool_states: Vec::new(),
            screen_grants: Vec::new(),
            ssh_forwards: Vec::new(),
            browser_extensions: Vec::new(),
            containers: Vec::new(),
            coverage: Vec::new(),
        }
    }
}
