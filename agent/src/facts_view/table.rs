//! The table of fields. A change here is a change of PRIVACY.md in the same commit.

use bearing_protocol::coverage::Source;

/// Whether a field leaves the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaves {
    /// In every report, as it is.
    Clear,
    /// In the compact inventory, as it is, where policy switches the inventory on.
    Inventory,
    /// Only as HMAC-SHA256 under the organisation's key, cut to 64 bit.
    Digest,
    /// Only the values that made a rule fire, as evidence of its finding.
    Evidence,
    /// Never.
    Never,
}

impl Leaves {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Clear, Self::Inventory, Self::Digest, Self::Evidence, Self::Never];

    /// For people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Clear => "Leaves in clear, in every report",
            Self::Inventory => "Leaves in clear, where policy switches the inventory on",
            Self::Digest => "Leaves only as a keyed digest",
            Self::Evidence => "Leaves only as evidence of a finding",
            Self::Never => "Never leaves",
        }
    }

    /// The word in PRIVACY.md.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Inventory => "inventory",
            Self::Digest => "keyed digest",
            Self::Evidence => "evidence",
            Self::Never => "never",
        }
    }
}

/// One field, or several that go the same way.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Where it is read.
    pub source: Source,
    /// Its place in the facts, as `facts --format json` prints them; `[]` stands for every item of a list.
    pub path: &'static str,
    /// Whether it leaves.
    pub leaves: Leaves,
    /// What it is, or how much of it leaves.
    pub what: &'static str,
}

const fn field(source: Source, path: &'static str, leaves: Leaves, what: &'static str) -> Field {
    Field { source, path, leaves, what }
}

use Leaves::{Clear, Digest, Evidence, Inventory, Never};
use Source as S;

/// Every field of the facts.
pub const TABLE: &[Field] = &[
    field(S::Os, "hostname", Clear, "host name; committed, so it can be erased later"),
    field(S::Os, "os", Clear, "family, name and version"),
    field(S::Machine, "machine.kind", Clear, "laptop, desktop, server, virtual machine"),
    field(S::Machine, "machine.vendor", Evidence, "system vendor"),
    field(S::Machine, "machine.product", Evidence, "system product name"),
    field(S::Machine, "machine.chassis_type", Evidence, "SMBIOS chassis type"),
    field(S::Machine, "machine.hypervisor", Evidence, "hypervisor"),
    field(S::Machine, "machine.bmc", Evidence, "whether a management controller shows"),
    field(S::Machine, "machine.management_engine", Evidence, "Intel management engine"),
    field(S::Machine, "machine.battery", Never, "whether there is a battery"),
    field(S::Machine, "machine.lid_open", Never, "whether the lid is open"),
    field(S::Machine, "machine.has_lid", Never, "whether there is a lid"),
    field(S::Machine, "machine.hardware_set", Never, "not read yet"),
    field(S::Boot, "boot.id", Clear, "the kernel's boot id, drawn at each start"),
    field(S::Boot, "boot.at", Never, "when the machine started"),
    field(S::Processes, "processes[].executable", Evidence, "path of a recognised program"),
    field(S::Processes, "processes[].name", Evidence, "name of a recognised program's process"),
    field(S::Processes, "processes[].pid", Evidence, "process id"),
    field(S::Processes, "processes[].deleted", Evidence, "whether its file is gone"),
    field(S::Processes, "processes[].unit", Evidence, "service it belongs to"),
    field(S::Processes, "processes[].user", Evidence, "account a recognised program runs as"),
    field(
        S::Processes,
        "processes[].arguments",
        Never,
        "arguments; a finding may say in our own words what they ask for (a tunnel, a kind of SSH forward)",
    ),
    field(S::Processes, "processes[].working_directory", Never, "working directory"),
    field(S::Processes, "processes[].parent", Never, "parent process"),
    field(S::Processes, "processes[].uid", Never, "user id"),
    field(S::Processes, "processes[].started_at", Never, "start time"),
    field(S::Processes, "processes[].cgroup", Never, "control group"),
    field(S::Processes, "processes[].session", Never, "session id"),
    field(S::Processes, "processes[].kernel_thread", Never, "whether it is the kernel's own"),
    field(
        S::ProcessWatch,
        "processes[].seen_by_watch",
        Evidence,
        "whether a recognised program ran between two evaluations and is gone",
    ),
    field(S::Executables, "executables[].path", Evidence, "path of a recognised program"),
    field(S::Executables, "executables[].owner", Evidence, "package that owns it"),
    field(S::Executables, "executables[].deleted", Evidence, "whether the file is gone"),
    field(S::Executables, "executables[].go_module", Evidence, "Go module it was built from"),
    field(S::Executables, "executables[].go_version", Evidence, "version of that module"),
    field(S::Executables, "executables[].markers", Evidence, "catalogue markers found in it"),
    field(
        S::Executables,
        "executables[].identities",
        Evidence,
        "what a recognised program says of itself: version resource, signer, main class, module, crate",
    ),
    field(
        S::Executables,
        "executables[].created_at",
        Evidence,
        "when the file of a recognised program came to be",
    ),
    field(S::Executables, "executables[].pids", Never, "processes that run it"),
    field(S::Executables, "executables[].size_bytes", Never, "size"),
    field(S::Executables, "executables[].build_id", Never, "build id"),
    field(S::Executables, "executables[].partial", Never, "whether only a part was read"),
    field(S::Sockets, "sockets[].local", Evidence, "local address a recognised program listens on"),
    field(S::Sockets, "sockets[].local_port", Evidence, "its port"),
    field(S::Sockets, "sockets[].protocol", Evidence, "TCP or UDP"),
    field(S::Sockets, "sockets[].state", Evidence, "listening or connected"),
    field(S::Sockets, "sockets[].remote", Never, "the other side's address"),
    field(S::Sockets, "sockets[].remote_port", Never, "the other side's port"),
    field(S::Sockets, "sockets[].pids", Never, "processes that hold it"),
    field(S::Sockets, "sockets[].uid", Never, "owner"),
    field(S::Units, "units[].name", Evidence, "name of a recognised service"),
    field(S::Units, "units[].path", Evidence, "its file"),
    field(S::Units, "units[].enablement", Evidence, "whether it starts by itself"),
    field(S::Units, "units[].running", Evidence, "whether it runs"),
    field(S::Units, "units[].program", Evidence, "program it starts"),
    field(S::Units, "units[].description", Never, "description"),
    field(
        S::Units,
        "units[].command",
        Never,
        "whole command; a finding may say in our own words what it asks for",
    ),
    field(S::Units, "units[].user", Evidence, "whose it is"),
    field(S::Packages, "packages[].name", Evidence, "name; in the inventory only as catalogue product"),
    field(S::Packages, "packages[].version", Inventory, "version of a catalogue product"),
    field(S::Packages, "packages[].manager", Evidence, "package manager"),
    field(S::Packages, "packages[].publisher", Evidence, "publisher"),
    field(S::Packages, "packages[].installed_at", Evidence, "when a recognised product was installed"),
    field(S::Autostart, "autostart[].name", Evidence, "name of a recognised entry"),
    field(S::Autostart, "autostart[].path", Evidence, "its file"),
    field(S::Autostart, "autostart[].kind", Evidence, "how it starts"),
    field(S::Autostart, "autostart[].program", Evidence, "program it starts"),
    field(S::Autostart, "autostart[].disabled", Evidence, "whether it is switched off"),
    field(S::Autostart, "autostart[].user", Evidence, "whose it is"),
    field(S::Autostart, "autostart[].title", Never, "shown name"),
    field(
        S::Autostart,
        "autostart[].command",
        Never,
        "whole command; a finding may say in our own words what it asks for",
    ),
    field(S::Artefacts, "artefacts[].product", Evidence, "catalogue product"),
    field(S::Artefacts, "artefacts[].path", Evidence, "known path that exists"),
    field(S::Artefacts, "artefacts[].modified_at", Evidence, "when it was last changed"),
    field(S::Artefacts, "artefacts[].pattern", Never, "pattern that found it"),
    field(S::Artefacts, "artefacts[].uid", Never, "owner"),
    field(S::Artefacts, "artefacts[].directory", Never, "whether it is a directory"),
    field(S::Users, "users[].name", Evidence, "account a posture rule speaks of"),
    field(S::Users, "users[].administrator_by", Evidence, "what makes it an administrator"),
    field(S::Users, "users[].administrator", Evidence, "whether it is one"),
    field(S::Users, "users[].interactive", Never, "whether a person can sign in"),
    field(S::Users, "users[].uid", Never, "user id"),
    field(S::Users, "users[].home", Never, "home directory"),
    field(S::Users, "users[].shell", Never, "shell"),
    field(S::Sessions, "sessions[].kind", Evidence, "kind of a remote session"),
    field(S::Sessions, "sessions[].service", Evidence, "service that opened it"),
    field(S::Sessions, "sessions[].terminal", Evidence, "terminal"),
    field(S::Sessions, "sessions[].since", Evidence, "since when"),
    field(S::Sessions, "sessions[].time_zone", Inventory, "zone, where it differs from the system's"),
    field(S::Sessions, "sessions[].user", Evidence, "account of a remote session"),
    field(S::Sessions, "sessions[].remote", Evidence, "whether it is remote"),
    field(S::Sessions, "sessions[].seat", Evidence, "whether a session has a local screen"),
    field(S::Sessions, "sessions[].remote_host", Never, "where it comes from"),
    field(S::SshServer, "ssh_server", Evidence, "settings that a rule speaks of"),
    field(S::AuthorizedKeys, "authorized_keys[].user", Evidence, "whose file"),
    field(S::AuthorizedKeys, "authorized_keys[].path", Evidence, "which file"),
    field(S::AuthorizedKeys, "authorized_keys[].keys", Evidence, "digests of keys, never keys"),
    field(S::AuthorizedKeys, "authorized_keys[].modified_at", Evidence, "when it was last changed"),
    field(S::Usb, "usb[].path", Inventory, "place"),
    field(S::Usb, "usb[].parent", Inventory, "hub it hangs on"),
    field(S::Usb, "usb[].vendor_id", Inventory, "vendor id"),
    field(S::Usb, "usb[].product_id", Inventory, "product id"),
    field(S::Usb, "usb[].manufacturer", Inventory, "manufacturer string"),
    field(S::Usb, "usb[].product", Inventory, "product string"),
    field(S::Usb, "usb[].serial", Digest, "serial; in clear only where the catalogue knows it as a constant"),
    field(S::Usb, "usb[].configuration", Inventory, "configuration string"),
    field(S::Usb, "usb[].speed", Inventory, "speed"),
    field(S::Usb, "usb[].max_power_ma", Inventory, "power"),
    field(S::Usb, "usb[].interfaces", Inventory, "class, name and driver of each interface"),
    field(
        S::Usb,
        "usb[].descriptors",
        Inventory,
        "device and configuration descriptors, which hold no strings, and their SHA-256",
    ),
    field(S::Usb, "usb[].device_release", Evidence, "bcdDevice"),
    field(S::Usb, "usb[].usb_release", Evidence, "bcdUSB"),
    field(S::Usb, "usb[].class", Evidence, "class"),
    field(S::Usb, "usb[].attributes", Evidence, "attributes"),
    field(S::Usb, "usb[].removable", Evidence, "whether the port is fixed"),
    field(S::Usb, "usb[].provenance", Inventory, "how a device is known that is not plugged in now"),
    field(S::Hid, "hid[].bus", Inventory, "bus"),
    field(
        S::Hid,
        "hid[].report_descriptor",
        Inventory,
        "as it is; length, SHA-256, and in words what it describes",
    ),
    field(S::Hid, "hid[].name", Evidence, "name"),
    field(S::Hid, "hid[].path", Inventory, "the kernel's name"),
    field(S::Hid, "hid[].vendor_id", Evidence, "vendor id"),
    field(S::Hid, "hid[].product_id", Evidence, "product id"),
    field(S::Hid, "hid[].usb_path", Never, "USB device it belongs to"),
    field(S::Hid, "hid[].usb_interface", Inventory, "USB interface"),
    field(S::Hid, "hid[].driver", Never, "driver"),
    field(S::Input, "input", Evidence, "name of an input device; never what is typed or moved"),
    field(S::Storage, "storage[].vendor", Inventory, "inquiry string of a USB drive"),
    field(S::Storage, "storage[].model", Inventory, "inquiry string of a USB drive"),
    field(S::Storage, "storage[].revision", Inventory, "inquiry string of a USB drive"),
    field(S::Storage, "storage[].name", Evidence, "the kernel's name"),
    field(S::Storage, "storage[].device_type", Evidence, "kind of drive"),
    field(S::Storage, "storage[].removable", Evidence, "whether the medium is removable"),
    field(S::Storage, "storage[].usb_path", Never, "USB device it belongs to"),
    field(S::Displays, "displays[].connector", Inventory, "connector"),
    field(S::Displays, "displays[].connected", Inventory, "whether something is connected"),
    field(
        S::Displays,
        "displays[].edid",
        Inventory,
        "as it is but for serial numbers and free texts, which are zeroed; the serial as keyed digest",
    ),
    field(S::Displays, "displays[].enabled", Evidence, "whether it is in use"),
    field(S::Interfaces, "network.interfaces[].mac", Digest, "hardware address"),
    field(S::Interfaces, "network.interfaces[].name", Evidence, "name of a tunnel"),
    field(S::Interfaces, "network.interfaces[].kind", Evidence, "what it is"),
    field(S::Interfaces, "network.interfaces[].driver", Evidence, "driver"),
    field(S::Interfaces, "network.interfaces[].usb_path", Evidence, "USB device it belongs to"),
    field(S::Interfaces, "network.interfaces[].up", Evidence, "whether it is up"),
    field(S::Interfaces, "network.interfaces[].mtu", Evidence, "MTU"),
    field(S::Interfaces, "network.interfaces[].addresses", Never, "addresses"),
    field(S::Routes, "network.routes", Inventory, "only whether the default route leaves through a tunnel"),
    field(S::Routes, "network.gateways[].mac", Digest, "the gateway's hardware address"),
    field(S::Routes, "network.gateways[].address", Never, "the gateway's address"),
    field(S::Routes, "network.gateways[].interface", Never, "interface"),
    field(
        S::Neighbours,
        "network.neighbours",
        Evidence,
        "only the maker's half of a hardware address, where it is that of remote-control hardware; never an address, never a whole one",
    ),
    field(S::Dns, "network.dns_servers", Never, "name servers"),
    field(S::Proxies, "network.proxies", Evidence, "place, scheme and whether it is on this machine"),
    field(S::TimeZone, "time_zone.name", Inventory, "time zone"),
    field(S::TimeZone, "time_zone.automatic", Inventory, "whether the system sets it"),
    field(S::TimeZone, "time_zone.location", Evidence, "file the zone was read from"),
    field(S::TimeZone, "time_zone.time_synchronised", Never, "whether the clock is synchronised"),
    field(S::SecureBoot, "posture.secure_boot", Evidence, "state"),
    field(S::DiskEncryption, "posture.disk_encryption", Evidence, "file systems that are not encrypted"),
    field(S::Firewall, "posture.firewall", Evidence, "state"),
    field(S::Updates, "posture.updates", Evidence, "state"),
    field(S::Spool, "coverage", Clear, "how far each source could be read, in counts"),
    field(S::Spool, "collected_at", Clear, "when the machine was read"),
];
