//! A `SYSTEM` hive's memory of devices.

use bearing_protocol::{
    Timestamp,
    fact::{Display, Machine},
};

use super::Node;
use crate::{
    collection::hive::{Data, Hive, HiveError, Key},
    machine::{Signs, decide, hypervisor_of},
};

/// Why a hive has no memory of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SystemError {
    /// It cannot be read at all.
    #[error(transparent)]
    Hive(#[from] HiveError),
    /// It is another hive: no control set, or no device tree in it.
    #[error("a registry hive without a device tree: not SYSTEM")]
    NotSystem,
}

/// What a hive remembers.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// Nodes below `USB\`, `USBSTOR\` and `SCSI\`.
    pub nodes: Vec<Node>,
    /// Displays with their EDID.
    pub displays: Vec<Display>,
    /// The computer's name.
    pub hostname: String,
    /// What kind of machine.
    pub machine: Machine,
    /// Minutes to add to local time for UTC, as last set.
    pub bias_minutes: Option<i32>,
    /// Keys and values that could not be read.
    pub lost: u64,
    /// Nodes past the limit.
    pub over_limit: u64,
}

/// Reads a hive's device tree.
///
/// # Errors
/// See [`SystemError`].
pub fn read(hive: &Hive<'_>) -> Result<Remembered, SystemError> {
    let root = hive.root()?;
    let current = root
        .at("Select")
        .and_then(|select| select.value("Current").ok().flatten()?.number())
        .map(|number| format!("ControlSet{number:03}"));
    let set = current
        .and_then(|name| root.child(&name))
        .or_else(|| root.child("ControlSet001"))
        .ok_or(SystemError::NotSystem)?;
    let tree = set.child("Enum").ok_or(SystemError::NotSystem)?;
    let mut out = Remembered::default();
    for bus in ["USB", "USBSTOR", "SCSI"] {
        for (device, instance) in instances(&tree, bus, &mut out) {
            if out.nodes.len() == MAX_NODES {
                out.over_limit += 1;
                continue;
            }
            out.nodes.push(node(bus, &device, &instance));
        }
    }
    for (device, instance) in instances(&tree, "DISPLAY", &mut out) {
        display(&device, &instance, &mut out);
    }
    let control = set.child("Control");
    let at = |path: &str| control.as_ref().and_then(|control| control.at(path));
    out.hostname =
        at("ComputerName\\ComputerName").and_then(|key| key.text("ComputerName")).unwrap_or_default();
    out.bias_minutes = at("TimeZoneInformation")
        .and_then(|key| key.value("ActiveTimeBias").ok().flatten()?.number())
        .map(u32::cast_signed);
    out.machine = machine(&tree, at("SystemInformation"));
    Ok(out)
}

/// Every device's every instance on a bus.
fn instances<'a>(tree: &Key<'a>, bus: &str, out: &mut Remembered) -> Vec<(String, Key<'a>)> {
    let mut found = Vec::new();
    let Some(bus) = tree.child(bus) else { return found };
    let Ok((devices, lost)) = bus.children() else {
        out.lost += 1;
        return found;
    };
    out.lost += lost;
    for device in devices {
        match device.children() {
            Ok((instances, lost)) => {
                out.lost += lost;
                let name = device.name();
                found.extend(instances.into_iter().map(|instance| (name.clone(), instance)));
            }
            Err(_) => out.lost += 1,
        }
    }
    found
}

fn node(bus: &str, device: &str, key: &Key<'_>) -> Node {
    let texts = |name: &str| match key.value(name) {
        Ok(Some(Data::Texts(texts))) => texts,
        Ok(Some(Data::Text(text))) => vec![text],
        _ => Vec::new(),
    };
    let location = key.text("LocationInformation");
    let is_port = |text: &String| text.starts_with("Port_#");
    // Until Windows XP it held the product string; a row of numbers is a part's place.
    let is_name =
        |text: &String| !is_port(text) && text.bytes().any(|byte| byte.is_ascii_alphabetic() && byte > b'f');
    let times = Times::of(key);
    Node {
        instance: format!("{bus}\\{device}\\{}", key.name()),
        hardware: texts("HardwareID"),
        compatible: texts("CompatibleIDs"),
        reported: property(key, DEVICE, 4)
            .and_then(|data| data.text().map(str::to_owned))
            .or_else(|| location.clone().filter(is_name)),
        friendly: key.text("FriendlyName"),
        own_serial: key
            .value("Capabilities")
            .ok()
            .flatten()
            .and_then(|data| data.number())
            .map(|bits| bits & UNIQUE_ID != 0),
        parent: property(key, DRIVER_HISTORY, 0x0a).and_then(|data| data.text().map(str::to_owned)),
        child_prefix: key.text("ParentIdPrefix"),
        container: key.text("ContainerID").filter(|id| id != NO_CONTAINER),
        port: location.filter(is_port),
        service: key.text("Service"),
        first_seen: times.first,
        last_seen: times.last(key),
    }
}

/// Install, first install, last arrival, last removal (`DEVPKEY_Device_InstallDate` and its neighbours).
struct Times {
    first: Option<Timestamp>,
    arrived: Option<Timestamp>,
    left: Option<Timestamp>,
}

impl Times {
    fn of(key: &Key<'_>) -> Self {
        let time = |id| match property(key, DRIVER_HISTORY, id) {
            Some(Data::Time(time)) => time,
            _ => None,
        };
        let (installed, first) = (time(0x64), time(0x65));
        let first = [first, installed].into_iter().flatten().min();
        Self { first, arrived: time(0x66), left: time(0x67) }
    }

    /// When it left, where that came after its last arrival; else the latest sign of it.
    fn last(&self, key: &Key<'_>) -> Option<Timestamp> {
        self.arrived.max(self.left).or(self.first).or_else(|| key.written())
    }
}

/// A device property: `Properties\{set}\0064` since Windows 8, `…\00000064\00000000` with value `Data` before.
fn property(key: &Key<'_>, set: &str, id: u16) -> Option<Data> {
    let set = key.child("Properties")?.child(set)?;
    if let Some(newer) = set.child(&format!("{id:04X}")) {
        return newer.value("").ok().flatten();
    }
    let older = set.child(&format!("{id:08X}"))?.child("00000000")?;
    let data = older.value("Data").ok().flatten()?;
    let Data::Bytes(bytes) = &data else { return Some(data) };
    let kind = older.value("Type").ok().flatten().and_then(|kind| kind.number());
    match kind {
        Some(0x10) => Some(Data::Time(crate::collection::hive::filetime(bytes))),
        Some(0x12) => Some(Data::Text(crate::collection::hive::utf16(bytes))),
        _ => Some(data),
    }
}

/// A display's EDID stands in its instance's parameters, also long after it was unplugged.
fn display(device: &str, key: &Key<'_>, out: &mut Remembered) {
    let Some(parameters) = key.child("Device Parameters") else { return };
    let edid = match parameters.value("EDID") {
        Ok(Some(Data::Bytes(bytes))) if !bytes.is_empty() => bytes,
        Ok(_) => return,
        Err(_) => {
            out.lost += 1;
            return;
        }
    };
    if edid.len() > MAX_EDID_BYTES || out.displays.len() == MAX_DISPLAYS {
        out.over_limit += 1;
        return;
    }
    let last_seen = Times::of(key).last(key);
    if let Some(known) = out.displays.iter_mut().find(|known| known.edid == edid) {
        known.last_seen = known.last_seen.max(last_seen);
        return;
    }
    let place = key.name().rsplit('&').next().map(str::to_owned).unwrap_or_default();
    out.displays.push(Display {
        connector: format!("{device}/{place}"),
        edid,
        provenance: Some("registry".to_owned()),
        last_seen,
        ..Display::default()
    });
}

/// The kind of machine by what hangs in it: a hypervisor's own devices, battery, lid.
fn machine(tree: &Key<'_>, information: Option<Key<'_>>) -> Machine {
    let names = |bus: &str| -> Vec<String> {
        let Some(bus) = tree.child(bus) else { return Vec::new() };
        let Ok((children, _)) = bus.children() else { return Vec::new() };
        children.iter().map(|key| key.name().to_ascii_uppercase()).collect()
    };
    let text = |name: &str| information.as_ref().and_then(|key| key.text(name));
    let vendor = text("SystemManufacturer");
    let product = text("SystemProductName");
    let pci = names("PCI");
    let by_card = HYPERVISOR_CARDS
        .iter()
        .find(|(prefix, _)| pci.iter().any(|name| name.starts_with(prefix)))
        .map(|(_, name)| *name);
    let hypervisor =
        hypervisor_of(vendor.as_deref().unwrap_or_default(), product.as_deref().unwrap_or_default())
            .or(by_card);
    let acpi = names("ACPI");
    let has = |id: &str| acpi.iter().any(|name| name == id);
    let battery = Some(has("PNP0C0A"));
    let has_lid = Some(has("PNP0C0D"));
    let signs = Signs { hypervisor: hypervisor.is_some(), chassis_type: None, battery, has_lid, bmc: None };
    Machine {
        kind: decide(&signs),
        vendor,
        product,
        battery,
        has_lid,
        hypervisor: hypervisor.map(str::to_owned),
        ..Machine::default()
    }
}

/// Cards that hypervisors put into their guests.
pub(crate) const HYPERVISOR_CARDS: [(&str, &str); 5] = [
    ("VEN_15AD&DEV_0740", "vmware"),
    ("VEN_80EE&DEV_CAFE", "virtualbox"),
    ("VEN_1AF4&", "kvm"),
    ("VEN_1B36&", "qemu"),
    ("VEN_5853&DEV_0001", "xen"),
];
/// `CM_DEVCAP_UNIQUEID` of `cfgmgr32.h`: the instance is the device's own serial.
const UNIQUE_ID: u32 = 0x10;
/// The container of what is part of the computer itself.
const NO_CONTAINER: &str = "{00000000-0000-0000-ffff-ffffffffffff}";
const DEVICE: &str = "{540b947e-8b40-45bc-a8a2-6a0b894cbda2}";
const DRIVER_HISTORY: &str = "{83da6326-97a6-4088-9453-a1923f573b29}";
const MAX_NODES: usize = 20_000;
const MAX_DISPLAYS: usize = 1_024;
const MAX_EDID_BYTES: usize = 256 * 128;
