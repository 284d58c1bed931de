//! The corpora's forms: EDIDs as length-prefixed records, HID descriptors and USB trees as JSON.

use std::collections::BTreeMap;

use bearing_descriptors::{edid, hid, usb};
use bearing_protocol::fact::{
    Display, Facts, HidBus, HidDevice, MachineKind, StorageDevice, UsbDevice, UsbInterface,
};
use serde::Deserialize;

use super::{Parsed, Sample};

/// What the caller read; absent corpora are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Corpora<'a> {
    /// `edid-real.bin`, decompressed: records of a little-endian 16-bit length and the bytes.
    pub edid: Option<&'a [u8]>,
    /// `edid-real.labels.tsv`: record number and label of those that are no ordinary monitors.
    pub edid_labels: Option<&'a str>,
    /// `hid-real.json`.
    pub hid: Option<&'a str>,
    /// `usb-real.json`.
    pub usb: Option<&'a str>,
    /// `usb-devices-real.json`.
    pub usb_devices: Option<&'a str>,
}

/// A corpus that is not in its form.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A record runs past the end.
    #[error("EDID record {record} runs past the end of the file")]
    Record {
        /// Its number.
        record: usize,
    },
    /// JSON that is not as documented.
    #[error("corpus `{corpus}` is not as documented")]
    Json {
        /// Which.
        corpus: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct HidRecord {
    name: Option<String>,
    bus: Option<String>,
    vid: Option<String>,
    pid: Option<String>,
    hex: String,
}

#[derive(Deserialize)]
struct Machine {
    source: String,
    #[serde(default)]
    chassis: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    devices: Vec<Device>,
}

#[derive(Deserialize)]
struct Device {
    bus: Option<u32>,
    dev: Option<u32>,
    vid: String,
    pid: String,
    bcd_usb: Option<String>,
    bcd_device: Option<String>,
    device_class: Option<Vec<Option<u8>>>,
    manufacturer: Option<String>,
    product: Option<String>,
    serial_present: Option<bool>,
    max_power_ma: Option<u16>,
    self_powered: Option<bool>,
    remote_wakeup: Option<bool>,
    interfaces: Vec<InterfaceRecord>,
}

#[derive(Deserialize)]
struct InterfaceRecord {
    number: Option<u8>,
    alt: u8,
    class: u8,
    subclass: Option<u8>,
    protocol: u8,
    endpoints: Option<Vec<EndpointRecord>>,
    hid: Option<HidClassRecord>,
}

#[derive(Deserialize)]
struct EndpointRecord {
    addr: String,
    #[serde(rename = "type")]
    kind: String,
    max_packet: Option<u16>,
    interval: Option<u8>,
}

#[derive(Deserialize)]
struct HidClassRecord {
    bcd_hid: Option<String>,
    country: Option<u8>,
    report_len: Option<u16>,
}

impl Corpora<'_> {
    /// Gives every sample to `take`, and counts what could be parsed.
    ///
    /// # Errors
    /// A corpus that is not in its form.
    pub fn for_each(
        &self,
        parsed: &mut Vec<Parsed>,
        take: &mut dyn FnMut(&str, Sample),
    ) -> Result<(), CorpusError> {
        if let Some(bytes) = self.edid {
            parsed.push(edids(bytes, self.edid_labels.unwrap_or_default(), take)?);
        }
        if let Some(text) = self.hid {
            parsed.push(hids(text, take)?);
        }
        let json =
            |corpus, text| serde_json::from_str(text).map_err(|source| CorpusError::Json { corpus, source });
        if let Some(text) = self.usb {
            let machines: Vec<Machine> = json("usb-real", text)?;
            parsed.push(trees("USB trees of computers", machines, take));
        }
        if let Some(text) = self.usb_devices {
            let machines: Vec<Machine> = json("usb-devices-real", text)?;
            parsed.push(trees("single USB devices", machines, take));
        }
        Ok(())
    }
}

/// Each EDID as the only display of a laptop whose lid is shut: the setting that alarms most.
fn edids(bytes: &[u8], labels: &str, take: &mut dyn FnMut(&str, Sample)) -> Result<Parsed, CorpusError> {
    let labels: BTreeMap<usize, &str> = labels
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(record, label)| Some((record.parse().ok()?, label)))
        .collect();
    let mut parsed = Parsed { what: "EDIDs".into(), ..Parsed::default() };
    let mut rest = bytes;
    let mut record = 0;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(CorpusError::Record { record })?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (one, after) = after.split_at_checked(length).ok_or(CorpusError::Record { record })?;
        rest = after;
        match edid::parse(one) {
            Ok(edid) if edid.faults.is_empty() => parsed.whole += 1,
            Ok(edid) => {
                parsed.with_fault += 1;
                for fault in edid.faults {
                    let kind = format!("{fault:?}").split([' ', '{']).next().unwrap_or_default().to_owned();
                    *parsed.faults.entry(kind).or_default() += 1;
                }
            }
            Err(error) => {
                parsed.refused += 1;
                *parsed.faults.entry(format!("{error:?}")).or_default() += 1;
            }
        }
        let mut facts = Facts::default();
        facts.machine.kind = MachineKind::Laptop;
        facts.machine.lid_open = Some(false);
        facts.displays.push(Display {
            connector: "card0-HDMI-A-1".into(),
            connected: Some(true),
            enabled: Some(true),
            edid: one.to_vec(),
            ..Display::default()
        });
        let label = labels.get(&record).map(|label| (*label).to_owned());
        take("monitors", Sample { name: format!("record {record}"), facts, label });
        record += 1;
    }
    Ok(parsed)
}

/// HID descriptors, those of the same ids as one device with all its interfaces.
fn hids(text: &str, take: &mut dyn FnMut(&str, Sample)) -> Result<Parsed, CorpusError> {
    let records: Vec<HidRecord> =
        serde_json::from_str(text).map_err(|source| CorpusError::Json { corpus: "hid-real", source })?;
    let mut parsed = Parsed { what: "report descriptors".into(), ..Parsed::default() };
    let mut devices: BTreeMap<(u16, u16, String), Vec<HidDevice>> = BTreeMap::new();
    for (index, record) in records.into_iter().enumerate() {
        let bytes = hex::decode(&record.hex).unwrap_or_default();
        match hid::parse(&bytes) {
            Ok(_) => parsed.whole += 1,
            Err(error) => {
                parsed.with_fault += 1;
                let kind = format!("{error:?}").split([' ', '{']).next().unwrap_or_default().to_owned();
                *parsed.faults.entry(kind).or_default() += 1;
            }
        }
        let vendor_id = hex_u16(record.vid.as_deref());
        let product_id = hex_u16(record.pid.as_deref());
        // Without ids nothing says which descriptors belong together; hypervisors give one pair of ids to several.
        let alone = if matches!(vendor_id, 0 | 0x0627) { format!("{index}") } else { String::new() };
        devices.entry((vendor_id, product_id, alone)).or_default().push(HidDevice {
            path: format!("hid-{index}"),
            bus: match record.bus.as_deref() {
                Some("bluetooth") => HidBus::Bluetooth,
                Some("i2c") => HidBus::I2c,
                _ => HidBus::Usb,
            },
            vendor_id,
            product_id,
            name: record.name,
            usb_path: Some("1-1".into()),
            usb_interface: None,
            report_descriptor: bytes,
            driver: None,
        });
    }
    for ((vendor_id, product_id, _), hid) in devices {
        let virtual_machine = matches!(vendor_id, 0x0627 | 0x80ee | 0x0e0f | 0xfb5d);
        let mut facts = Facts { hid, ..Facts::default() };
        facts.machine.kind = if virtual_machine { MachineKind::Vm } else { MachineKind::Laptop };
        take("HID devices", Sample { name: format!("{vendor_id:04x}:{product_id:04x}"), facts, label: None });
    }
    Ok(parsed)
}

fn trees(what: &'static str, machines: Vec<Machine>, take: &mut dyn FnMut(&str, Sample)) -> Parsed {
    let mut parsed = Parsed { what: what.into(), ..Parsed::default() };
    for machine in machines {
        let mut facts = Facts::default();
        let chassis = machine.chassis.as_deref().unwrap_or_default().to_lowercase();
        let labelled = |wanted: &str| machine.labels.iter().any(|label| label.starts_with(wanted));
        facts.machine.kind = match chassis.as_str() {
            _ if labelled("vm") => MachineKind::Vm,
            _ if labelled("bmc") => MachineKind::Server,
            "notebook" | "laptop" | "convertible" | "tablet" => MachineKind::Laptop,
            "server" => MachineKind::Server,
            "" => MachineKind::Unknown,
            _ => MachineKind::Desktop,
        };
        for (index, device) in machine.devices.iter().enumerate() {
            let fact = device.fact(index);
            match usb::parse(&fact.descriptors) {
                _ if fact.descriptors.is_empty() => parsed.absent += 1,
                Ok(_) => parsed.whole += 1,
                Err(error) => {
                    parsed.with_fault += 1;
                    *parsed.faults.entry(error.to_string()).or_default() += 1;
                }
            }
            facts.storage.extend(device.storage(&fact.path));
            facts.usb.push(fact);
        }
        let label =
            machine.labels.iter().find(|label| label.starts_with("bmc") || label.starts_with("kvm")).cloned();
        take(what, Sample { name: machine.source, facts, label });
    }
    parsed
}

impl Device {
    fn fact(&self, index: usize) -> UsbDevice {
        UsbDevice {
            path: format!(
                "{}-{}",
                self.bus.unwrap_or(1),
                self.dev.unwrap_or(0).max(1) as usize * 1_000 + index
            ),
            vendor_id: hex_u16(Some(&self.vid)),
            product_id: hex_u16(Some(&self.pid)),
            device_release: bcd(self.bcd_device.as_deref()),
            usb_release: self.bcd_usb.as_deref().map(|text| bcd(Some(text))),
            class: self.class(),
            manufacturer: self.manufacturer.clone(),
            product: self.product.clone(),
            serial: self.serial_present.filter(|present| *present).map(|_| "withheld".to_owned()),
            max_power_ma: self.max_power_ma,
            attributes: Some(self.attributes()),
            interfaces: self
                .interfaces
                .iter()
                .filter(|interface| interface.alt == 0)
                .map(|interface| UsbInterface {
                    number: interface.number.unwrap_or(0),
                    class: interface.class,
                    subclass: interface.subclass.unwrap_or(0),
                    protocol: interface.protocol,
                    // The captures hold no interface strings: not known, which is not the same as none.
                    name: None,
                    driver: None,
                })
                .collect(),
            descriptors: self.bytes(),
            ..UsbDevice::default()
        }
    }

    fn class(&self) -> Option<(u8, u8, u8)> {
        match self.device_class.as_deref() {
            Some([Some(class), Some(subclass), Some(protocol)]) => Some((*class, *subclass, *protocol)),
            _ => None,
        }
    }

    fn storage(&self, path: &str) -> Option<StorageDevice> {
        self.interfaces.iter().any(|interface| interface.class == 8).then(|| StorageDevice {
            name: "sda".into(),
            usb_path: Some(path.to_owned()),
            ..StorageDevice::default()
        })
    }

    fn attributes(&self) -> u8 {
        0x80 | if self.self_powered == Some(true) { 0x40 } else { 0 }
            | if self.remote_wakeup == Some(true) { 0x20 } else { 0 }
    }

    /// The descriptors as the device must have sent them, from what the dump says of them.
    fn bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for interface in &self.interfaces {
            // Dumps of udev hold no endpoints: then the raw descriptors are not known.
            let Some(endpoints) = &interface.endpoints else { return Vec::new() };
            let count = u8::try_from(endpoints.len()).unwrap_or(u8::MAX);
            let triplet = [interface.class, interface.subclass.unwrap_or(0), interface.protocol];
            body.extend([9, 4, interface.number.unwrap_or(0), interface.alt, count]);
            body.extend(triplet);
            body.push(0);
            if let Some(class) = &interface.hid {
                body.extend([9, 0x21]);
                body.extend(bcd(class.bcd_hid.as_deref()).to_le_bytes());
                body.extend([class.country.unwrap_or(0), 1, 0x22]);
                body.extend(class.report_len.unwrap_or(0).to_le_bytes());
            }
            for endpoint in endpoints {
                let attributes = match endpoint.kind.as_str() {
                    "isochronous" => 1,
                    "bulk" => 2,
                    "interrupt" => 3,
                    _ => 0,
                };
                body.extend([7, 5, u8::from_str_radix(&endpoint.addr, 16).unwrap_or(0x81), attributes]);
                body.extend(endpoint.max_packet.unwrap_or(0).to_le_bytes());
                body.push(endpoint.interval.unwrap_or(0));
            }
        }
        let (class, subclass, protocol) = self.class().unwrap_or((0, 0, 0));
        let mut bytes = vec![18, 1];
        bytes.extend(bcd(self.bcd_usb.as_deref()).to_le_bytes());
        bytes.extend([class, subclass, protocol, 64]);
        bytes.extend(hex_u16(Some(&self.vid)).to_le_bytes());
        bytes.extend(hex_u16(Some(&self.pid)).to_le_bytes());
        bytes.extend(bcd(self.bcd_device.as_deref()).to_le_bytes());
        bytes.extend([1, 2, u8::from(self.serial_present == Some(true)) * 3, 1]);
        let total = u16::try_from(body.len() + 9).unwrap_or(u16::MAX);
        bytes.extend([9, 2]);
        bytes.extend(total.to_le_bytes());
        let half = u8::try_from(self.max_power_ma.unwrap_or(0) / 2).unwrap_or(u8::MAX);
        bytes.extend([u8::try_from(self.interfaces.len()).unwrap_or(u8::MAX), 1, 0, self.attributes(), half]);
        bytes.extend(body);
        bytes
    }
}

fn hex_u16(text: Option<&str>) -> u16 {
    text.and_then(|text| u16::from_str_radix(text, 16).ok()).unwrap_or(0)
}

/// `1.11` or `0x0111` as the number the device sent.
fn bcd(text: Option<&str>) -> u16 {
    let Some(text) = text else { return 0 };
    match text.split_once('.') {
        Some((major, minor)) => {
            let digits = format!("{major}{minor:0<2}");
            u16::from_str_radix(&digits, 16).unwrap_or(0)
        }
        None => u16::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0),
    }
}
