use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Network state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Interfaces.
    pub interfaces: Vec<Interface>,
    /// Routes of the main tables.
    pub routes: Vec<Route>,
    /// Default gateways.
    pub gateways: Vec<Gateway>,
    /// Over what traffic to anywhere leaves, one for each address family that has a way out.
    pub egress: Vec<Egress>,
    /// Wi-Fi regulatory country (ISO 3166-1 alpha-2) of the kernel; `None` where none is set or it is a world domain.
    pub wifi_country: Option<String>,
    /// Neighbours the kernel already knows. Addresses never leave the device.
    pub neighbours: Vec<Neighbour>,
    /// Names heard on the local network without asking. Never leave the device but as a catalogue match.
    pub heard: Vec<super::HeardName>,
    /// Configured name servers.
    pub dns_servers: Vec<IpAddr>,
    /// Configured proxies.
    pub proxies: Vec<Proxy>,
}

/// What an interface is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "plain words")]
pub enum InterfaceKind {
    Loopback,
    Ethernet,
    Wifi,
    Cellular,
    Tunnel,
    Wireguard,
    Bridge,
    Container,
    #[default]
    Other,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interface {
    /// Name (`eth0`).
    pub name: String,
    /// What it is, by sysfs and never by its name.
    pub kind: InterfaceKind,
    /// Whether it is up.
    pub up: Option<bool>,
    /// Hardware address, lower-case with colons. Leaves the device only as HMAC.
    pub mac: Option<String>,
    /// MTU.
    pub mtu: Option<u32>,
    /// Driver.
    pub driver: Option<String>,
    /// The USB device it belongs to, where it does.
    pub usb_path: Option<String>,
    /// Its addresses, where readable. Never leave the device.
    pub addresses: Vec<IpAddr>,
    /// The address that is burned in, whatever is in use; lower-case with colons. Leaves the device only as HMAC.
    pub permanent_mac: Option<String>,
}

/// The way out of one address family: as the kernel would route a packet, policy routing included, or in a copy of a
/// machine by the routes of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Egress {
    /// 4 or 6.
    pub family: u8,
    /// Interface.
    pub interface: String,
    /// The program that holds the interface's TUN device open, where it is one and somebody may see it.
    pub holder: Option<String>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Destination prefix.
    pub destination: IpAddr,
    /// Prefix length.
    pub prefix_length: u8,
    /// Next hop, where there is one.
    pub gateway: Option<IpAddr>,
    /// Interface.
    pub interface: String,
    /// Metric.
    pub metric: u32,
}

/// A default gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// Address. Never leaves the device.
    pub address: IpAddr,
    /// Interface.
    pub interface: String,
    /// Hardware address, where the neighbour table has it. Leaves the device only as HMAC.
    pub mac: Option<String>,
}

/// A neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Address.
    pub address: IpAddr,
    /// Hardware address.
    pub mac: String,
    /// Interface.
    pub interface: String,
}

/// A configured proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Proxy {
    /// Where it is configured (a path or `environment`).
    pub location: String,
    /// For what (`http`, `https`, `all`, `pac`).
    pub scheme: String,
    /// Host and port; credentials are never read into it.
    pub endpoint: String,
    /// Whether it points at this machine.
    pub loopback: bool,
}
