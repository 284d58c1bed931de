//! The compact inventory: what policy lets leave the device, beside the findings.

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    fact::{HidBus, UsbSpeed, hex_bytes},
};

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InventoryValue {
    /// A USB device.
    Usb(UsbItem),
    /// A display.
    Display(DisplayItem),
    /// Recognised software.
    Software(SoftwareItem),
    /// What the place evaluation needs.
    Place(PlaceItem),
    /// What the machine is made of, as pseudonyms.
    Hardware(HardwareItem),
    /// What was installed first after the system's first start, as pseudonyms.
    FirstInstalls(FirstInstallsItem),
}

/// A USB device, without its serial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsbItem {
    /// Place (`1-1.4`).
    pub path: String,
    /// The hub it hangs on.
    pub parent: Option<String>,
    /// `413c:2011`.
    pub id: String,
    /// Manufacturer string.
    pub manufacturer: Option<String>,
    /// Product string.
    pub product: Option<String>,
    /// HMAC of the serial under the tenant key, or the serial where it is a catalogue constant.
    pub serial: Option<String>,
    /// Configuration string.
    pub configuration: Option<String>,
    /// Speed.
    pub speed: Option<UsbSpeed>,
    /// bMaxPower in mA.
    pub max_power_ma: Option<u16>,
    /// SHA-256 over the raw descriptors and the report descriptors, in order.
    pub shape: Option<Digest>,
    /// Device and configuration descriptors as the device gave them (strings are not in them), where they fit.
    #[serde(with = "hex_bytes", skip_serializing_if = "Vec::is_empty")]
    pub descriptors: Vec<u8>,
    /// How it is known, where it is not plugged in now (`journal`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<String>,
    /// Interfaces.
    pub interfaces: Vec<UsbInterfaceItem>,
    /// What its HID report descriptors describe.
    pub hid: Vec<HidItem>,
    /// Inquiry strings of drives in it ("PiKVM CD-ROM Drive 0606").
    pub drives: Vec<String>,
}

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsbInterfaceItem {
    /// bInterfaceNumber.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    /// `03/01/01`.
    pub class: String,
    /// iInterface string.
    pub name: Option<String>,
    /// Driver.
    pub driver: Option<String>,
}

/// A HID report descriptor in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HidItem {
    /// The kernel's name for it (`0003:413C:2011.0004`), which evidence names as its place.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The USB interface it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<u8>,
    /// Bus.
    pub bus: HidBus,
    /// SHA-256 of the report descriptor.
    pub digest: Option<Digest>,
    /// Length of the report descriptor in bytes.
    pub length: usize,
    /// The report descriptor as the device gave it, where it fits.
    #[serde(with = "hex_bytes", skip_serializing_if = "Vec::is_empty")]
    pub report_descriptor: Vec<u8>,
    /// Its top-level collections in words ("keyboard", "absolute pointer, 3 buttons, wheel").
    pub collections: Vec<String>,
}

/// A display, without its serial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DisplayItem {
    /// Connector (`card0-HDMI-A-1`).
    pub connector: String,
    /// Whether something is connected.
    pub connected: Option<bool>,
    /// PNP id and product code (`DEL a0ec`).
    pub id: Option<String>,
    /// Monitor name.
    pub name: Option<String>,
    /// HMAC of the serial under the tenant key, or the serial where it is a catalogue constant.
    pub serial: Option<String>,
    /// Image size in cm.
    pub size_cm: Option<(u8, u8)>,
    /// Preferred mode (`1920x1080`).
    pub preferred_mode: Option<String>,
    /// SHA-256 of the EDID with its serial fields set to zero.
    pub shape: Option<Digest>,
    /// The EDID without serial numbers and free texts, where it fits.
    #[serde(with = "hex_bytes", skip_serializing_if = "Vec::is_empty")]
    pub edid: Vec<u8>,
}

/// A product the catalogue knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoftwareItem {
    /// Catalogue id.
    pub product: String,
    /// Package version, where a package was found.
    pub version: Option<String>,
    /// `installed`, `starts`, `running`, `listening`, `configured`: what was seen of it.
    pub states: Vec<String>,
    /// Whom it answers to: the kind and a truncated HMAC (64 bit, hex) of the name under the tenant key
    /// (`network 0123456789abcdef`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers_to: Vec<String>,
}

/// What the place evaluation needs. Country granularity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlaceItem {
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Whether the OS sets it from where it is.
    pub time_zone_automatic: Option<bool>,
    /// Time zones of sessions that differ.
    pub session_time_zones: Vec<String>,
    /// Whether the default route runs over a tunnel.
    pub default_route_tunnel: Option<bool>,
    /// Catalogue id of the client that owns the tunnel of the default route, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tunnel_client: Option<String>,
    /// Wi-Fi regulatory country (ISO 3166-1 alpha-2), where one is set and it is no world domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wifi_country: Option<String>,
    /// Truncated HMAC (64 bit, hex) of the gateway's MAC under the tenant key. Virtual gateways (VRRP, containers,
    /// virtual machines) are left out.
    pub gateway: Option<String>,
    /// HMACs of this machine's own interfaces, for matching neighbours.
    pub interfaces: Vec<String>,
    /// HMACs of neighbours that matched the tenant's own interfaces. Nobody else's leave.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<String>,
    /// HMACs of the hardware addresses that KV-07 takes for IP-KVMs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kvm_neighbours: Vec<String>,
    /// Least round trips to the organisation's anchors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<AnchorRoundTrip>,
}

/// The least round trip to one anchor in the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnchorRoundTrip {
    /// The anchor's name in policy.
    pub name: String,
    /// The least round trip in microseconds.
    pub min_us: u32,
    /// Probes that were answered.
    pub samples: u32,
}

/// What the machine is made of. Each a truncated HMAC (64 bit, hex) under the tenant key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HardwareItem {
    /// The system's UUID of SMBIOS, where it is no placeholder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The board's serial number, where it is no placeholder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board: Option<String>,
    /// Serial numbers of fixed disks.
    pub disks: Vec<String>,
    /// Permanent addresses of built-in network interfaces (not USB, not virtual).
    pub interfaces: Vec<String>,
    /// The built-in panel, where its EDID has a serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panel: Option<String>,
}

/// Names of packages, truncated HMACs (64 bit, hex) under the tenant key, in the order of their installation after
/// the system's first start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstInstallsItem {
    /// At most [`MAX_FIRST_INSTALLS`], earliest first.
    pub names: Vec<String>,
}

/// Most names of a [`FirstInstallsItem`].
pub const MAX_FIRST_INSTALLS: usize = 40;
