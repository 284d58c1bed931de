//! What the model is given: hosts, and values that several of them have.

use bearing_protocol::Timestamp;
use serde::{Deserialize, Serialize};

/// What two hosts have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// The same observed IPv4 address or IPv6 /64 (LF-01).
    Address,
    /// The same gateway (LF-02).
    Gateway,
    /// Each sees the other on its local network (LF-03).
    Neighbour,
    /// One IP-KVM near both (LF-04).
    Kvm,
    /// The same USB device by its serial (LF-05).
    UsbSerial,
    /// The same display by its serial (LF-06).
    DisplaySerial,
    /// Remote access that answers to the same account, relay or instance (LF-07).
    Account,
    /// Starts in the same minutes, over weeks (LF-08).
    Power,
    /// The same first installations in the same order (LF-09).
    Installs,
    /// The same line of the roster: shipping address, phone, … (LF-10).
    Roster,
}

impl EdgeKind {
    /// All, in the order of their rules.
    pub const ALL: [Self; 10] = [
        Self::Address,
        Self::Gateway,
        Self::Neighbour,
        Self::Kvm,
        Self::UsbSerial,
        Self::DisplaySerial,
        Self::Account,
        Self::Power,
        Self::Installs,
        Self::Roster,
    ];

    /// The rule that speaks for it.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Address => "LF-01",
            Self::Gateway => "LF-02",
            Self::Neighbour => "LF-03",
            Self::Kvm => "LF-04",
            Self::UsbSerial => "LF-05",
            Self::DisplaySerial => "LF-06",
            Self::Account => "LF-07",
            Self::Power => "LF-08",
            Self::Installs => "LF-09",
            Self::Roster => "LF-10",
        }
    }

    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Gateway => "gateway",
            Self::Neighbour => "neighbour",
            Self::Kvm => "kvm",
            Self::UsbSerial => "usb_serial",
            Self::DisplaySerial => "display_serial",
            Self::Account => "account",
            Self::Power => "power",
            Self::Installs => "installs",
            Self::Roster => "roster",
        }
    }

    /// What is shared, for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Address => "the same public address",
            Self::Gateway => "the same gateway",
            Self::Neighbour => "one local network, each seeing the other",
            Self::Kvm => "the same IP-KVM nearby",
            Self::UsbSerial => "the same USB device",
            Self::DisplaySerial => "the same display",
            Self::Account => "remote access that answers to the same account",
            Self::Power => "power that comes and goes in the same minutes",
            Self::Installs => "the same first installations in the same order",
            Self::Roster => "the same line in the roster",
        }
    }

    /// Whether one household or one office explains it: a line, or what stands on a desk.
    pub const fn is_of_a_building(self) -> bool {
        matches!(
            self,
            Self::Address | Self::Gateway | Self::Neighbour | Self::UsbSerial | Self::DisplaySerial
        )
    }

    /// For how many days it counts after it was last seen.
    pub const fn window_days(self) -> i64 {
        match self {
            Self::Address => 7,
            _ => 30,
        }
    }
}

/// A host of the component.
#[derive(Clone, Debug, PartialEq)]
pub struct FarmHost {
    /// Its id.
    pub id: String,
    /// Whose it is; its own id where nobody is known.
    pub worker: String,
    /// The shared place that the person declared.
    pub shared_place: Option<String>,
    /// How many declared it.
    pub shared_size: u32,
    /// Whether it stays where it is: one gateway in its window (without any, one address).
    pub is_static: bool,
    /// Minutes in which it started, as the server saw them, oldest first.
    pub starts: Vec<Timestamp>,
}

/// A host that has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Its place in [`FarmInput::hosts`].
    pub host: usize,
    /// First seen.
    pub first_seen: Timestamp,
    /// Last seen.
    pub last_seen: Timestamp,
    /// Whether it was ever seen there away from the organisation's sites.
    pub off_site: bool,
    /// Whether the host's last report had it.
    pub present: bool,
}

/// A value and who has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// What kind.
    pub kind: EdgeKind,
    /// The value: a keyed digest.
    pub value: String,
    /// What is known of it that names nobody: an egress class, a USB id, a product.
    pub detail: String,
    /// How many hosts have it, those outside of the component too.
    pub sharing: usize,
    /// Who of the component has it; each host once.
    pub holders: Vec<Holding>,
    /// Why it weighs nothing for everybody: a default serial, an approval.
    pub waived: Option<String>,
    /// Pairs of hosts for which somebody approved it.
    pub waived_pairs: Vec<(usize, usize)>,
}

/// Everything that hangs together with the host that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct FarmInput {
    /// Hosts of the tenant that reported in the window.
    pub hosts_in_tenant: u64,
    /// The hosts of the component.
    pub hosts: Vec<FarmHost>,
    /// The values.
    pub shared: Vec<Shared>,
    /// Pairs of which each sees the other on its local network.
    pub mutual: Vec<(usize, usize)>,
}
