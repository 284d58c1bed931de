//! What ties devices to one another: values that several may share, one row per kind, value and device.
//!
//! Always: values are keyed digests or pseudonyms, never the thing itself; a row says when the device was first and
//! last seen with the value, and whether its last report still had it; what a report adds costs what is new in it,
//! not what the fleet holds. Taking the same report twice changes nothing.

use bearing_protocol::{Timestamp, id::DeviceId};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// What kind of value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// The source address that the server saw (IPv6: its /64), as the keyed digest of the observation.
    Address,
    /// The gateway's hardware address.
    Gateway,
    /// The device's own interface.
    Interface,
    /// A neighbour that is one of the fleet's own interfaces.
    Neighbour,
    /// An IP-KVM in the neighbourhood.
    Kvm,
    /// A USB device with its serial.
    UsbSerial,
    /// A display with its serial.
    DisplaySerial,
    /// Whom a remote access product answers to.
    Account,
    /// The first installations, in order, without what the fleet has in common.
    Installs,
    /// A line of the roster that several people should not share (shipping address, phone, …).
    Roster,
    /// The system's UUID.
    System,
    /// The board's serial.
    Board,
    /// A fixed disk.
    Disk,
    /// A built-in network interface.
    Nic,
    /// The built-in panel.
    Panel,
    /// The digest of a whole inventory.
    Inventory,
}

impl LinkKind {
    /// All, by their number.
    pub const ALL: [Self; 16] = [
        Self::Address,
        Self::Gateway,
        Self::Interface,
        Self::Neighbour,
        Self::Kvm,
        Self::UsbSerial,
        Self::DisplaySerial,
        Self::Account,
        Self::Installs,
        Self::Roster,
        Self::System,
        Self::Board,
        Self::Disk,
        Self::Nic,
        Self::Panel,
        Self::Inventory,
    ];

    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Gateway => "gateway",
            Self::Interface => "interface",
            Self::Neighbour => "neighbour",
            Self::Kvm => "kvm",
            Self::UsbSerial => "usb_serial",
            Self::DisplaySerial => "display_serial",
            Self::Account => "account",
            Self::Installs => "installs",
            Self::Roster => "roster",
            Self::System => "system",
            Self::Board => "board",
            Self::Disk => "disk",
            Self::Nic => "nic",
            Self::Panel => "panel",
            Self::Inventory => "inventory",
        }
    }

    /// The kind of this name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind in which another device has the same value: a neighbour is another's interface.
    pub const fn counterpart(self) -> Self {
        match self {
            Self::Interface => Self::Neighbour,
            Self::Neighbour => Self::Interface,
            other => other,
        }
    }
}

/// A value that a report shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewLink {
    /// What kind.
    pub kind: LinkKind,
    /// The value: a keyed digest or a pseudonym.
    pub value: String,
    /// What is known of it that names nobody (`413c:2011`, a product's id, an egress class).
    pub detail: String,
    /// Whether sharing it is reason to look; what strangers share anyway is kept and makes no work.
    pub ties: bool,
}

/// What one report shows of what ties devices together.
#[derive(Clone, Debug)]
pub struct LinkSighting {
    /// Whose report.
    pub device: DeviceId,
    /// The person it belongs to; the device itself where nobody is known.
    pub worker: String,
    /// The shared place that the person declared.
    pub shared_place: Option<String>,
    /// How many declared it.
    pub shared_size: u32,
    /// The site of the organisation that it was sent from.
    pub site: Option<String>,
    /// When it was received.
    pub at: Timestamp,
    /// Its values.
    pub values: Vec<NewLink>,
    /// Kinds that the report speaks about: a value of such a kind that it lacks is gone.
    pub assessed: Vec<LinkKind>,
    /// When the machine started, where this report is the first since.
    pub boot: Option<NewBoot>,
    /// Its first installations, to be counted into the fleet's baseline; empty where it does not say.
    pub installs: Vec<String>,
}

/// A start of a machine, as the server saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewBoot {
    /// When, to the minute.
    pub at: Timestamp,
    /// Whether nothing had said that the machine would stop.
    pub after_power_loss: bool,
}

/// A value of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// What kind.
    pub kind: LinkKind,
    /// The value.
    pub value: String,
    /// Whose.
    pub device: DeviceId,
    /// See [`NewLink::detail`].
    pub detail: String,
    /// When it was first seen there.
    pub first_seen: Timestamp,
    /// When it was last seen there, to the hour.
    pub last_seen: Timestamp,
    /// When it was last seen there away from the organisation's sites, to the hour.
    pub off_site: Option<Timestamp>,
    /// Whether the device's last report had it.
    pub present: bool,
}

/// A device as correlation knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkHost {
    /// Which.
    pub device: DeviceId,
    /// See [`LinkSighting::worker`].
    pub worker: String,
    /// See [`LinkSighting::shared_place`].
    pub shared_place: Option<String>,
    /// See [`LinkSighting::shared_size`].
    pub shared_size: u32,
    /// When its last report was taken.
    pub last_report: Timestamp,
}

/// A start of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootRow {
    /// Whose.
    pub device: DeviceId,
    /// When, to the minute.
    pub at: Timestamp,
    /// See [`NewBoot::after_power_loss`].
    pub after_power_loss: bool,
}

/// Who is behind one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// Different workers, the asking device's own included.
    pub workers: u32,
    /// Those of them that also have the asking device's gateway.
    pub on_gateway: u32,
    /// Those of them that declared the asking device's shared place.
    pub in_shared_place: u32,
}

/// Values that tie devices together.
#[async_trait::async_trait]
pub trait Links {
    /// Takes what reports show, in one transaction. A device of which something new is shared with another, or that
    /// stopped sharing something, gets a `Farm` job in it.
    async fn take_links(&self, seen: &[LinkSighting]) -> Result<(), StoreError>;
    /// All values of a device.
    async fn links_of(&self, device: &DeviceId) -> Result<Vec<LinkRow>, StoreError>;
    /// Who holds these values and was seen with them since: of each the latest, at most `limit`.
    async fn holders(
        &self,
        values: &[(LinkKind, String)],
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<LinkRow>, StoreError>;
    /// The devices, as correlation knows them.
    async fn link_hosts(&self, devices: &[DeviceId]) -> Result<Vec<LinkHost>, StoreError>;
    /// How many devices have reported since.
    async fn link_host_count(&self, since: Timestamp) -> Result<u64, StoreError>;
    /// Starts of these devices since, oldest first; of each at most `limit`.
    async fn boots(
        &self,
        devices: &[DeviceId],
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<BootRow>, StoreError>;
    /// Who else was behind `address` since; counted to `limit`.
    async fn crowd(
        &self,
        device: &DeviceId,
        address: &str,
        since: Timestamp,
        limit: u32,
    ) -> Result<Crowd, StoreError>;
    /// How many devices have each of these among their first installations, in the order given.
    async fn install_counts(&self, names: &[String]) -> Result<Vec<u64>, StoreError>;
    /// How many devices have told their first installations.
    async fn install_hosts(&self) -> Result<u64, StoreError>;
    /// Forgets values and starts that were not seen since; how many.
    async fn forget_links(&self, before: Timestamp) -> Result<u64, StoreError>;
}
