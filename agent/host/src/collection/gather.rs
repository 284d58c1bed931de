//! What the files of a collection come to: facts, and how far each source is in them.

mod facts;

use std::collections::BTreeSet;

use bearing_protocol::{
    coverage::Source,
    fact::{Display, HidDevice, Machine, StorageDevice, UsbDevice},
};

use super::{
    hive::{Hive, recover},
    io_registry,
    kind::{Kind, decode},
    lsusb, plist, setup_log, system_profiler, walk,
    windows::{self, Node},
};
use crate::{
    machine::{Signs, decide},
    root::Root,
};

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    usb: Vec<UsbDevice>,
    hid: Vec<HidDevice>,
    storage: Vec<StorageDevice>,
    displays: Vec<Display>,
    hostnames: BTreeSet<String>,
    machine: Option<Machine>,
    families: BTreeSet<&'static str>,
    build: Option<String>,
    hid_without_descriptor: u64,
    /// What was read, for coverage: `lsusb -v: 12 devices`.
    read: Vec<String>,
    /// Whether a registry's device tree was read, which holds every device.
    from_registry: bool,
    /// What is missing, by source.
    gaps: Vec<(Source, String)>,
}

impl Gathered {
    /// Reads all known files.
    pub(super) fn read(root: &Root, files: &walk::Files) -> Self {
        let mut out = Self::default();
        let mut budget = MAX_BYTES;
        let of = |kind: Kind| {
            files.known.iter().filter(move |(_, known)| *known == kind).map(|(path, _)| path.as_str())
        };
        let mut load = |path: &str, out: &mut Self| {
            let limit = MAX_FILE_BYTES.min(budget);
            match root.read(path, limit) {
                Ok(bytes) => {
                    budget -= bytes.len();
                    Some(bytes)
                }
                Err(error) => {
                    out.gap(Source::Usb, &error.to_string());
                    None
                }
            }
        };
        let mut bias = None;
        let mut nodes: Vec<Node> = Vec::new();
        for path in of(Kind::Hive) {
            let Some(bytes) = load(path, &mut out) else { continue };
            let logs: Vec<Vec<u8>> = of(Kind::HiveLog)
                .filter(|log| belongs(log, path))
                .filter_map(|log| load(log, &mut out))
                .collect();
            out.hive(path, bytes, &logs, &mut nodes, &mut bias);
        }
        let mut logged: Vec<Node> = Vec::new();
        for path in of(Kind::SetupLog) {
            let Some(bytes) = load(path, &mut out) else { continue };
            out.setup_log(path, &bytes, bias, &mut logged);
        }
        if out.families.contains("windows") && !out.from_registry {
            out.gap(
                Source::Usb,
                "a log tells of installations, and without a SYSTEM hive not what was there",
            );
        }
        out.windows(&nodes, logged);
        let mut tree = lsusb::Tree::new();
        for path in of(Kind::LsusbTree) {
            let Some(bytes) = load(path, &mut out) else { continue };
            tree.extend(lsusb::parse_tree(&decode(&bytes)).unwrap_or_default());
        }
        let mut listings = Vec::new();
        for path in of(Kind::Lsusb) {
            let Some(bytes) = load(path, &mut out) else { continue };
            listings.extend(lsusb::parse(&decode(&bytes)).map(|listing| (path, listing)));
        }
        out.lsusb(listings, &tree);
        for path in of(Kind::IoRegistry) {
            let Some(bytes) = load(path, &mut out) else { continue };
            if let Some(entries) = io_registry::parse_text(&decode(&bytes)) {
                out.io_registry(path, &entries);
            }
        }
        for path in of(Kind::Plist) {
            let Some(bytes) = load(path, &mut out) else { continue };
            out.plist(path, &bytes);
        }
        for path in of(Kind::Edid) {
            let Some(bytes) = load(path, &mut out) else { continue };
            out.edid(path, bytes);
        }
        out
    }

    pub(super) fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// Whether nothing says that the machine runs another system.
    pub(super) fn may_be_linux(&self) -> bool {
        self.families.iter().all(|family| *family == "linux")
    }

    fn gap(&mut self, source: Source, text: &str) {
        if self.gaps.len() < MAX_NOTES {
            self.gaps.push((source, text.to_owned()));
        }
    }

    fn note(&mut self, text: String) {
        if self.read.len() < MAX_NOTES {
            self.read.push(text);
        }
    }

    fn hive(
        &mut self,
        path: &str,
        bytes: Vec<u8>,
        logs: &[Vec<u8>],
        nodes: &mut Vec<Node>,
        bias: &mut Option<i32>,
    ) {
        let dirty = Hive::parse(&bytes).is_ok_and(|hive| hive.is_dirty());
        let logs: Vec<&[u8]> = logs.iter().map(Vec::as_slice).collect();
        let recovered =
            if dirty { recover(bytes, &logs) } else { super::hive::Recovered { bytes, entries: 0 } };
        let remembered = match Hive::parse(&recovered.bytes)
            .map_err(Into::into)
            .and_then(|h| windows::read_system_hive(&h))
        {
            Ok(remembered) => remembered,
            // Another hive under another name: nothing was expected of it.
            Err(windows::SystemError::NotSystem) => return,
            Err(error) => {
                self.gap(Source::Usb, &format!("{path}: {error}"));
                return;
            }
        };
        self.families.insert("windows");
        self.from_registry = true;
        let mut text = format!("{path}: {} remembered nodes", remembered.nodes.len());
        if recovered.entries > 0 {
            text = format!("{text}, {} entries of its logs applied", recovered.entries);
        }
        self.note(text);
        if dirty && recovered.entries == 0 {
            let text = format!(
                "{path} was in use when it was copied and no log that follows on it is here: the newest changes may be missing"
            );
            self.gap(Source::Usb, &text);
        }
        if remembered.lost + remembered.over_limit > 0 {
            let text = format!("{path}: {} keys could not be read", remembered.lost + remembered.over_limit);
            self.gap(Source::Usb, &text);
        }
        if !remembered.hostname.is_empty() {
            self.hostnames.insert(remembered.hostname);
        }
        *bias = bias.or(remembered.bias_minutes);
        self.machine.get_or_insert(remembered.machine);
        for display in remembered.displays {
            if !self.displays.iter().any(|known| known.edid == display.edid) {
                self.displays.push(display);
            }
        }
        for node in remembered.nodes {
            add_node(nodes, node);
        }
    }

    fn setup_log(&mut self, path: &str, bytes: &[u8], bias: Option<i32>, nodes: &mut Vec<Node>) {
        let Some(log) = setup_log::parse(&decode(bytes)) else { return };
        self.families.insert("windows");
        self.note(format!("{path}: {} devices", log.devices.len()));
        if bias.is_none() && !log.devices.is_empty() {
            self.gap(
                Source::Usb,
                &format!("{path}: its times are local and no SYSTEM hive says the time zone"),
            );
        }
        if log.over_limit > 0 {
            self.gap(Source::Usb, &format!("{path}: {} devices over the limit", log.over_limit));
        }
        for device in &log.devices {
            add_node(nodes, device.node(bias));
        }
    }

    /// The registry's devices, then those that only the log still knows.
    fn windows(&mut self, nodes: &[Node], logged: Vec<Node>) {
        let mut nodes = nodes.to_vec();
        let mut only_logged = Vec::new();
        for node in logged {
            match nodes.iter_mut().find(|known| known.instance.eq_ignore_ascii_case(&node.instance)) {
                Some(known) => {
                    known.first_seen = [known.first_seen, node.first_seen].into_iter().flatten().min();
                }
                None => only_logged.push(node),
            }
        }
        for (nodes, provenance) in [(nodes, "registry"), (only_logged, "setupapi")] {
            let assembled = windows::assemble(&nodes, provenance);
            self.hid_without_descriptor += assembled.hid_interfaces;
            if assembled.orphans > 0 {
                let text = format!(
                    "{} parts of devices that are no longer on record ({provenance})",
                    assembled.orphans
                );
                self.gap(Source::Usb, &text);
            }
            let offset = self.usb.len();
            self.usb.extend(assembled.usb);
            // A place may be on record twice, in the registry and in the log alone.
            let (before, added) = self.usb.split_at_mut(offset);
            let mut renamed = Vec::new();
            for device in added {
                if before.iter().any(|known| known.path == device.path) {
                    let path = format!("{}~{provenance}", device.path);
                    renamed.push((std::mem::replace(&mut device.path, path.clone()), path));
                }
            }
            self.storage.extend(assembled.storage.into_iter().map(|mut drive| {
                if let Some((_, path)) = renamed.iter().find(|(old, _)| drive.usb_path.as_ref() == Some(old))
                {
                    drive.usb_path = Some(path.clone());
                }
                drive
            }));
        }
    }

    fn lsusb(&mut self, mut listings: Vec<(&str, lsusb::Listing)>, tree: &lsusb::Tree) {
        // The fullest first: a plain list adds only what no other has.
        listings.sort_by_key(|(_, listing)| !listing.verbose);
        let mut known: BTreeSet<(u16, u16, u16, u16)> = BTreeSet::new();
        for (path, listing) in listings {
            self.families.insert("linux");
            let form = if listing.verbose { "lsusb -v" } else { "lsusb" };
            self.note(format!("{path}: {form}, {} devices", listing.devices.len()));
            if listing.malformed + listing.over_limit > 0 {
                let count = listing.malformed + listing.over_limit;
                self.gap(Source::Usb, &format!("{path}: {count} descriptors could not be rebuilt"));
            }
            if listing.cut > 0 {
                let text =
                    format!("{path}: {} devices end before all they announce: it was cut", listing.cut);
                self.gap(Source::Usb, &text);
            }
            let mut plain = 0_u64;
            for mut listed in listing.devices {
                let device = &mut listed.device;
                if !known.insert((listed.bus, listed.number, device.vendor_id, device.product_id)) {
                    continue;
                }
                plain += u64::from(device.descriptors.is_empty());
                self.hid_without_descriptor += listed.hid_without_descriptor;
                let place = tree.get(&(listed.bus, listed.number));
                device.path = place.map_or_else(
                    || format!("{:03}/{:03}", listed.bus, listed.number),
                    |place| place.path.clone(),
                );
                if let Some(place) = place {
                    device.speed = device.speed.or(place.speed);
                    for interface in &mut device.interfaces {
                        let driver = place.drivers.iter().find(|(number, _)| *number == interface.number);
                        interface.driver = driver.map(|(_, name)| name.clone());
                    }
                }
                device.provenance = Some(COLLECTED.to_owned());
                for (mut hid, number) in listed.hid.into_iter().zip(1_u32..) {
                    hid.path = format!("{}:{}", device.path, hid.usb_interface.map_or(number, u32::from));
                    hid.usb_path = Some(device.path.clone());
                    self.hid.push(hid);
                }
                self.usb.push(listed.device);
            }
            if plain > 0 {
                self.gap(Source::Usb, &format!("{plain} devices by their ids alone ({path})"));
            }
        }
    }

    fn io_registry(&mut self, path: &str, entries: &[io_registry::Entry]) {
        let found = io_registry::devices(entries);
        self.families.insert("macos");
        self.note(format!("{path}: I/O registry, {} USB devices", found.usb.len()));
        self.hid_without_descriptor += found.hid_without_descriptor;
        for device in found.usb {
            self.add_present(device);
        }
        self.hid.extend(found.hid);
        self.storage.extend(found.storage);
        self.displays.extend(found.displays);
        self.build = self.build.take().or(found.build);
        let has_lid = Some(found.lid_open.is_some());
        let battery = Some(found.battery);
        let signs = Signs { hypervisor: false, chassis_type: None, battery, has_lid, bmc: None };
        self.machine.get_or_insert(Machine {
            kind: decide(&signs),
            product: found.model,
            battery,
            has_lid,
            lid_open: found.lid_open,
            ..Machine::default()
        });
    }

    fn plist(&mut self, path: &str, bytes: &[u8]) {
        let value = match plist::parse(bytes) {
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                // A Mac's collection is full of property lists; only one that says what it is can be missed.
                let said = [&b"IORegistryEntry"[..], b"SPUSB"];
                if said.iter().any(|word| bytes.windows(word.len()).any(|window| window == *word)) {
                    self.gap(Source::Usb, &format!("{path}: {error}"));
                }
                return;
            }
            None => return,
        };
        if let Some(devices) = system_profiler::devices(&value) {
            self.families.insert("macos");
            self.note(format!("{path}: system_profiler, {} USB devices", devices.len()));
            self.gap(Source::Usb, &format!("{path} shows neither interfaces nor descriptors"));
            for device in devices {
                self.add_present(device);
            }
        } else if let Some(entries) = io_registry::from_plist(&value) {
            self.io_registry(path, &entries);
        }
    }

    fn add_present(&mut self, device: UsbDevice) {
        let device = UsbDevice { provenance: Some(COLLECTED.to_owned()), ..device };
        let same = |known: &&mut UsbDevice| {
            known.path == device.path
                && (known.vendor_id, known.product_id) == (device.vendor_id, device.product_id)
        };
        match self.usb.iter_mut().find(same) {
            // The same device from a second file: the one that shows its interfaces stays.
            Some(known) if known.interfaces.is_empty() => *known = device,
            Some(_) => {}
            None => self.usb.push(device),
        }
    }

    fn edid(&mut self, path: &str, edid: Vec<u8>) {
        if edid.len() > MAX_EDID_BYTES || self.displays.iter().any(|known| known.edid == edid) {
            return;
        }
        self.note(format!("{path}: EDID"));
        // `…/card0-HDMI-A-1/edid` says its connector in the folder's name.
        let mut parts = path.rsplit('/');
        let file = parts.next().unwrap_or_default();
        let connector = parts.next().filter(|_| file == "edid").unwrap_or(file);
        self.displays.push(Display {
            connector: connector.to_owned(),
            edid,
            provenance: Some(COLLECTED.to_owned()),
            ..Display::default()
        });
    }
}

/// Nodes of a second copy of a hive (`RegBack`, a shadow copy) add what the first no longer has.
fn add_node(nodes: &mut Vec<Node>, node: Node) {
    match nodes.iter_mut().find(|known| known.instance.eq_ignore_ascii_case(&node.instance)) {
        Some(known) if node.last_seen > known.last_seen => {
            let first_seen = [known.first_seen, node.first_seen].into_iter().flatten().min();
            *known = Node { first_seen, ..node };
        }
        Some(known) => known.first_seen = [known.first_seen, node.first_seen].into_iter().flatten().min(),
        None => nodes.push(node),
    }
}

/// `SYSTEM.LOG1` beside `SYSTEM`.
fn belongs(log: &str, hive: &str) -> bool {
    log.get(..hive.len()).is_some_and(|head| head.eq_ignore_ascii_case(hive))
        && log.get(hive.len()..).is_some_and(|rest| rest.to_ascii_uppercase().starts_with(".LOG"))
}

/// How devices that were there when the collection was made are known.
const COLLECTED: &str = "collection";
/// Most bytes of one file.
const MAX_FILE_BYTES: usize = 256 * 1024 * 1024;
/// Most bytes of all files together.
const MAX_BYTES: usize = 1024 * 1024 * 1024;
const MAX_NOTES: usize = 64;
const MAX_EDID_BYTES: usize = 256 * 128;
