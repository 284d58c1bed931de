//! USB devices, drives and input devices: the device tree of the registry, and what is plugged in now.
//!
//! Always: what is there is told from what was; strings that drivers bring are never the device's own; raw descriptors
//! are the hub's answer or absent. Facts: see `collection::windows`, which gives nodes their meaning.

use std::collections::BTreeMap;

use bearing_protocol::{
    Timestamp,
    fact::{InputDevice, StorageDevice, UsbDevice, UsbSpeed},
};

use super::{registry::Registry, usb_hub::PortDevice};
use crate::{
    collection::windows::{Node, assemble, hid_ids, usb_ids},
    gaps::{Gaps, Why},
    reading::{Read, Reading, Unread},
};

/// What the system tells of one node beyond the registry's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Property {
    /// What the device calls itself.
    pub(super) reported: Option<String>,
    /// The node it hangs on.
    pub(super) parent: Option<String>,
    /// First installed, and last seen.
    pub(super) first_seen: Option<Timestamp>,
    pub(super) last_arrival: Option<Timestamp>,
    pub(super) last_removal: Option<Timestamp>,
    /// Whether it is plugged in.
    pub(super) present: bool,
}

/// Properties by instance, in upper case.
pub(super) type Properties = BTreeMap<String, Property>;

/// A node with what links it to its hub's port.
#[derive(Clone, Debug)]
pub(super) struct Found {
    node: Node,
    driver_key: Option<String>,
    present: bool,
}

/// Every node on the buses that matter.
pub(super) fn nodes(
    registry: &dyn Registry,
    properties: &Properties,
    gaps: &mut Gaps,
) -> Result<Vec<Found>, Unread> {
    registry.key(ENUM)?;
    let mut out = Vec::new();
    for bus in ["USB", "HID", "USBSTOR", "SCSI"] {
        let devices = registry.found(&format!("{ENUM}\\{bus}"), gaps).unwrap_or_default().children;
        for device in devices {
            let path = format!("{ENUM}\\{bus}\\{device}");
            for instance in registry.found(&path, gaps).unwrap_or_default().children {
                if out.len() == MAX_NODES {
                    gaps.add("device nodes", Why::OverLimit);
                    return Ok(out);
                }
                out.extend(found(registry, properties, bus, &device, &instance, gaps));
            }
        }
    }
    Ok(out)
}

fn found(
    registry: &dyn Registry,
    properties: &Properties,
    bus: &str,
    device: &str,
    instance: &str,
    gaps: &mut Gaps,
) -> Option<Found> {
    let key = registry.found(&format!("{ENUM}\\{bus}\\{device}\\{instance}"), gaps)?;
    let name = format!("{bus}\\{device}\\{instance}");
    let property = properties.get(&name.to_ascii_uppercase()).cloned().unwrap_or_default();
    let location = key.text("LocationInformation");
    let left = property.last_arrival.max(property.last_removal).or(property.first_seen).or(key.written);
    let node = Node {
        instance: name,
        hardware: key.texts("HardwareID"),
        compatible: key.texts("CompatibleIDs"),
        reported: property.reported,
        friendly: key.text("FriendlyName"),
        own_serial: key.number("Capabilities").map(|bits| bits & UNIQUE_ID != 0),
        parent: property.parent,
        child_prefix: key.text("ParentIdPrefix"),
        container: key.text("ContainerID").filter(|id| !id.eq_ignore_ascii_case(NO_CONTAINER)),
        port: location.filter(|text| text.starts_with("Port_#")),
        service: key.text("Service"),
        first_seen: property.first_seen,
        // A device that is there has not been seen for the last time.
        last_seen: if property.present { None } else { left },
    };
    Some(Found { node, driver_key: key.text("Driver"), present: property.present })
}

/// What is plugged in, with its drives; `ports` is what hubs say of their ports.
pub(super) fn present(
    found: &[Found],
    ports: &[PortDevice],
    gaps: Gaps,
) -> Reading<(Vec<UsbDevice>, Vec<StorageDevice>)> {
    let mut gaps = gaps;
    let there: Vec<&Found> = found.iter().filter(|found| found.present).collect();
    let nodes: Vec<Node> = there.iter().map(|found| found.node.clone()).collect();
    let mut out = assemble(&nodes, "present");
    // Assembled devices stand first, in the order of their nodes.
    let whole =
        there.iter().filter(|found| usb_ids(&found.node.instance).is_some_and(|ids| ids.interface.is_none()));
    let mut without = 0;
    for (device, found) in out.usb.iter_mut().zip(whole) {
        device.provenance = None;
        let port = ports.iter().find(|port| {
            found.driver_key.as_ref().is_some_and(|key| key.eq_ignore_ascii_case(&port.driver_key))
        });
        match port {
            Some(port) => port.complete(device),
            None => without += 1,
        }
    }
    for device in &mut out.usb {
        device.provenance = None;
        if device.speed.is_none() && device.usb_release.is_some_and(|release| release < 0x0110) {
            device.speed = Some(UsbSpeed::Low);
        }
    }
    gaps.add_many("raw descriptors", Why::Denied, without);
    gaps.add_many("parts without their device", Why::Missing, out.orphans);
    let summary = format!("{} USB devices, {} drives", out.usb.len(), out.storage.len());
    Reading::with_gaps((out.usb, out.storage), summary, gaps)
}

/// What was plugged in once.
pub(super) fn past(found: &[Found], gaps: Gaps) -> Reading<(Vec<UsbDevice>, Vec<StorageDevice>)> {
    let nodes: Vec<Node> =
        found.iter().filter(|found| !found.present).map(|found| found.node.clone()).collect();
    let out = assemble(&nodes, "registry");
    let summary = format!("{} past devices remembered by the registry", out.usb.len());
    Reading::with_gaps((out.usb, out.storage), summary, gaps)
}

/// What a HID collection can do, by the system's own parser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// The device interface's path (`\\?\hid#vid_…`).
    pub(super) path: String,
    pub(super) vendor_id: u16,
    pub(super) product_id: u16,
    pub(super) usage_page: u16,
    pub(super) usage: u16,
    /// Whether X or Y is among its values, and absolute.
    pub(super) absolute: bool,
    /// Whether X or Y is among its values, and relative.
    pub(super) relative: bool,
}

/// Input devices out of HID collections.
pub(super) fn input(capabilities: Vec<Capabilities>, gaps: Gaps) -> Read<Vec<InputDevice>> {
    let devices: Vec<InputDevice> = capabilities
        .into_iter()
        .map(|found| {
            let instance = instance_of(&found.path);
            let on_usb = hid_ids(&instance).is_some();
            InputDevice {
                name: None,
                bus: if on_usb { BUS_USB } else { 0 },
                vendor_id: found.vendor_id,
                product_id: found.product_id,
                keyboard: (found.usage_page, found.usage) == (GENERIC_DESKTOP, KEYBOARD),
                relative: found.relative,
                absolute: found.absolute,
                is_virtual: false,
                usb_path: None,
                path: instance,
            }
        })
        .collect();
    let summary = format!("{} HID collections", devices.len());
    Ok(Reading::with_gaps(devices, summary, gaps))
}

/// `\\?\hid#vid_046d&pid_c52b&mi_00#7&1&0&0000#{…}` as the instance `HID\VID_046D&PID_C52B&MI_00\7&1&0&0000`.
fn instance_of(path: &str) -> String {
    let plain = path.trim_start_matches("\\\\?\\").trim_start_matches("\\\\.\\");
    let parts: Vec<&str> = plain.split('#').take(3).collect();
    parts.join("\\").to_ascii_uppercase()
}

const ENUM: &str = r"HKLM\SYSTEM\CurrentControlSet\Enum";
/// `CM_DEVCAP_UNIQUEID` of `cfgmgr32.h`.
const UNIQUE_ID: u32 = 0x10;
const NO_CONTAINER: &str = "{00000000-0000-0000-ffff-ffffffffffff}";
const MAX_NODES: usize = 20_000;
/// HID Usage Tables: generic desktop page, keyboard.
const GENERIC_DESKTOP: u16 = 1;
const KEYBOARD: u16 = 6;
/// As Linux numbers buses.
const BUS_USB: u16 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::registry_text::prepared;

    fn properties() -> Properties {
        let there = |instance: &str, reported: &str, parent: &str| {
            let property = Property {
                reported: (!reported.is_empty()).then(|| reported.to_owned()),
                parent: Some(parent.to_owned()),
                present: true,
                ..Property::default()
            };
            (instance.to_owned(), property)
        };
        let device = r"USB\VID_1D6B&PID_0104\CAFEBABE";
        BTreeMap::from([
            there(device, "PiKVM Composite Device", r"USB\ROOT_HUB30\4&1"),
            there(r"USB\VID_1D6B&PID_0104&MI_00\6&1F2E3D4C&0&0000", "", device),
            there(r"USB\VID_1D6B&PID_0104&MI_01\6&1F2E3D4C&0&0001", "", device),
        ])
    }

    #[test]
    fn what_is_there_is_told_from_what_was() {
        let mut gaps = Gaps::default();
        let found = nodes(&prepared(), &properties(), &mut gaps).unwrap();
        let reading = present(&found, &[], gaps);
        let [kvm] = &reading.value.0[..] else { panic!("{:?}", reading.value.0) };
        assert_eq!((kvm.vendor_id, kvm.product_id), (0x1d6b, 0x0104));
        assert_eq!(kvm.product.as_deref(), Some("PiKVM Composite Device"));
        assert_eq!(kvm.path, "Port_#0002.Hub_#0001");
        assert_eq!((kvm.provenance.as_deref(), kvm.last_seen), (None, None));
        let classes: Vec<u8> = kvm.interfaces.iter().map(|interface| interface.class).collect();
        assert_eq!(classes, [3, 8]);
        assert!(reading.gaps.describe().contains("raw descriptors"));
        let gone = past(&found, Gaps::default());
        assert!(gone.value.0.iter().any(|device| device.vendor_id == 0x0781), "{:?}", gone.value.0);
        assert!(gone.value.0.iter().all(|device| device.provenance.as_deref() == Some("registry")));
    }

    #[test]
    fn an_absolute_pointer_is_told_from_a_mouse() {
        let of = |path: &str, usage, absolute| Capabilities {
            path: path.into(),
            vendor_id: 0x1d6b,
            product_id: 0x0104,
            usage_page: 1,
            usage,
            absolute,
            relative: !absolute && usage == 2,
        };
        let all = vec![
            of(
                r"\\?\hid#vid_1d6b&pid_0104&mi_00#7&1&0&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}",
                6,
                false,
            ),
            of(r"\\?\hid#vid_1d6b&pid_0104&mi_01#7&2&0&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}", 2, true),
        ];
        let devices = input(all, Gaps::default()).unwrap().value;
        assert_eq!(devices[0].path, r"HID\VID_1D6B&PID_0104&MI_00\7&1&0&0000");
        assert!(devices[0].keyboard && !devices[0].absolute);
        assert!(devices[1].absolute && !devices[1].keyboard && !devices[1].relative);
    }
}
