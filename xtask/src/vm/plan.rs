//! What the test machine is asked to do: the words that host and guest share.
//!
//! The host writes a [`Plan`] into the boot image; the guest carries it out step by step and says
//! what came of it in [`Message`]s.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything one boot does, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Modules to load, in an order that satisfies their dependencies: file name and parameters.
    pub modules: Vec<(String, String)>,
    pub steps: Vec<Step>,
    /// Hand over to the Debian on the first disk, and carry the steps out as a service of it.
    #[serde(default)]
    pub in_debian: bool,
}

/// One thing to do in the guest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Attach a display that answers with this EDID (a file name below `lib/firmware/edid`).
    Display(String),
    /// Detach the display.
    NoDisplay,
    /// Plug devices in side by side and wait until the kernel has bound all of them.
    Plug(Vec<Device>),
    /// Unplug all that was plugged in.
    Unplug,
    /// Copy the files that describe this machine to the host under a name.
    Capture(String),
    /// Run a program in the guest and send what it printed under a name.
    Run { name: String, argv: Vec<String> },
}

/// A USB device to imitate, as `tests/vm/devices/*.toml` describes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Device {
    /// What the guest says it by; the description's name and form.
    #[serde(default)]
    pub name: String,
    /// How it gets onto the bus.
    pub attached_by: AttachedBy,
    pub about: String,
    /// Where its facts come from.
    pub sources: Vec<String>,
    pub speed: Speed,
    pub vendor_id: u16,
    pub product_id: u16,
    pub usb_version: u16,
    pub device_version: u16,
    #[serde(default)]
    pub device_class: [u8; 3],
    /// Bytes of the first endpoint's packets; the gadget stack chooses its own.
    #[serde(default)]
    pub max_packet_0: Option<u8>,
    #[serde(default)]
    pub manufacturer: Option<String>,
    #[serde(default)]
    pub product: Option<String>,
    #[serde(default)]
    pub serial: Option<String>,
    #[serde(default)]
    pub configuration: Option<String>,
    pub attributes: u8,
    pub max_power_ma: u16,
    #[serde(rename = "function")]
    pub functions: Vec<Function>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AttachedBy {
    /// The kernel's own gadget stack over a loop-back controller: what KVM appliances run.
    Gadget,
    /// A device that the emulator puts on an xHCI port, with descriptors byte for byte as given.
    Port,
    /// A device that the emulator has by itself and that is there from the start.
    Emulator,
    /// A Bluetooth HID device, given to the kernel as a Bluetooth daemon gives it (`/dev/uhid`).
    Bluetooth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Speed {
    Low,
    Full,
    High,
}

/// One function of a device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub(crate) enum Function {
    Hid {
        /// What it is to people: `keyboard`, `absolute`, `relative`; forms are made by it.
        #[serde(default)]
        role: String,
        subclass: u8,
        protocol: u8,
        /// Hexadecimal, or `PRODUCT/ROLE` of `policies/catalogue/kvm` before the description is read.
        report_descriptor: String,
        /// Bytes of one report; the gadget stack uses it as the endpoint's packet size.
        report_length: u16,
        /// Adds an interrupt OUT endpoint.
        #[serde(default)]
        out_endpoint: bool,
        /// Device on a port only: the gadget stack always says 1.01.
        #[serde(default)]
        hid_version: Option<u16>,
        /// Device on a port only: bInterval of the IN endpoint.
        #[serde(default)]
        interval: Option<u8>,
    },
    MassStorage {
        cdrom: bool,
        #[serde(default)]
        removable: bool,
        /// The SCSI inquiry string: 8 bytes of vendor, 16 of product, 4 of revision.
        #[serde(default)]
        inquiry: Option<String>,
        #[serde(default)]
        inquiry_cdrom: Option<String>,
    },
    /// A network function: `ecm`, `ncm` or `rndis`.
    Network {
        function: String,
        #[serde(default)]
        host_address: Option<String>,
        #[serde(default)]
        device_address: Option<String>,
    },
    /// A serial line (CDC ACM).
    Serial,
    /// Media transfer of a phone or camera: class 06/01/01, answered by nobody.
    Media,
    /// On a port only: an interface that no driver here takes, with a pair of bulk endpoints.
    Other { class: u8, subclass: u8, protocol: u8 },
}

/// What the guest says. A message with a `size_bytes` is followed by that many bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Message {
    /// For people.
    Log(String),
    /// Please put this device on that port (or take it off again); the host answers with a line.
    Port { number: usize, attach: Option<Device> },
    /// A device is there, under the kernel's name for its place (`3-1`).
    Plugged { name: String, path: String },
    /// A file of the capture with this name, below its root.
    File { capture: String, path: String, size_bytes: usize },
    /// A symbolic link of the capture with this name.
    Link { capture: String, path: String, to: String },
    /// A program ended; its output follows.
    Ran { name: String, code: Option<i32>, stderr: String, size_bytes: usize },
    /// All steps were carried out, or why not.
    Done { error: Option<String> },
}

/// What came of a boot.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outputs {
    /// What programs printed in the guest, by name.
    pub ran: BTreeMap<String, Ran>,
    /// Where devices were, by name.
    pub places: BTreeMap<String, String>,
}

impl Outputs {
    pub(crate) fn get(&self, name: &str) -> Option<&Ran> {
        self.ran.get(name)
    }
}

/// What came of one program in the guest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}
