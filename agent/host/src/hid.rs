//! HID devices with their raw report descriptors, on whatever bus.
//!
//! Always: the report descriptor is bytes as the device sent them; which USB device it belongs to is told
//! by its place in the kernel's tree first, by what the driver wrote second, never by ids.
//! Facts: `drivers/hid/hid-core.c` (names, `uevent`), `drivers/hid/usbhid/hid-core.c` (`HID_PHYS`),
//! `include/uapi/linux/input.h` (`BUS_*`) of Linux.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bearing_protocol::fact::{HidBus, HidDevice};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::Root,
    sysfs::{self, Attributes},
    usb,
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<HidDevice>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let places = places(root, &mut gaps)?;
    let mut devices = Vec::with_capacity(places.len());
    for (name, directory) in places {
        let location = sysfs::location(root, &directory);
        let mut from = Attributes { root, directory, gaps: &mut gaps };
        devices.extend(read_device(&name, &location, &mut from));
    }
    let summary = format!("{} devices", devices.len());
    Ok(Reading::with_gaps(devices, summary, gaps))
}

/// Every HID device by name: from the bus's list, and in copies that lack it from below the USB interfaces.
fn places(root: &Root, gaps: &mut Gaps) -> Result<BTreeMap<String, PathBuf>, Unread> {
    let mut places = BTreeMap::new();
    let listed = root.list_dir(DEVICES, MAX_DEVICES);
    if let Ok(listing) = &listed {
        if listing.truncated {
            gaps.add("lists of devices", Why::OverLimit);
        }
        for name in &listing.names {
            places.insert(name.clone(), Path::new(DEVICES).join(name));
        }
    }
    let below_usb = if places.is_empty() { usb::list(root, &mut Gaps::default()).ok() } else { None };
    if let (Err(error), None) = (listed, &below_usb) {
        return Err(error.into());
    }
    for interface in below_usb.iter().flat_map(|tree| tree.interfaces.values().flatten()) {
        let Ok(listing) = root.list_dir(interface, MAX_DEVICES) else { continue };
        for name in listing.names {
            if parse_name(&name).is_some() && places.len() < MAX_DEVICES {
                places.insert(name.clone(), interface.join(name));
            }
        }
    }
    Ok(places)
}

fn read_device(name: &str, location: &Path, from: &mut Attributes<'_>) -> Option<HidDevice> {
    let Some((bus, vendor_id, product_id)) = parse_name(name) else {
        from.gaps.add("device names", Why::Malformed);
        return None;
    };
    let report_descriptor =
        match from.root.read(from.directory.join("report_descriptor"), MAX_DESCRIPTOR_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.is_missing() && !from.root.exists(&from.directory) {
                    return None; // pulled out while the list was read
                }
                from.gaps.add("report descriptors", error.kind.into());
                Vec::new()
            }
        };
    let uevent = from.text("uevent").unwrap_or_default();
    let variable = |name| sysfs::uevent_variable(&uevent, name).map(str::to_owned);
    let is_virtual = sysfs::is_virtual(location);
    // A program's device (uhid) claims any bus it likes; Bluetooth Low Energy keyboards are made that way
    // by the Bluetooth service, USB ones never are.
    let bus = match bus_of(bus) {
        HidBus::Usb if is_virtual => HidBus::Virtual,
        bus => bus,
    };
    let (usb_path, usb_interface) = match sysfs::usb_of(location) {
        Some((device, interface)) => (Some(device), interface),
        None if bus == HidBus::Usb => sysfs::uevent_variable(&uevent, "HID_PHYS")
            .and_then(|physical| by_physical_path(from.root, physical))
            .unzip(),
        None => (None, None),
    };
    let driver = sysfs::link_name(from.root, &from.directory.join("driver")).or_else(|| variable("DRIVER"));
    Some(HidDevice {
        path: name.to_owned(),
        bus,
        vendor_id,
        product_id,
        name: variable("HID_NAME"),
        usb_path,
        usb_interface,
        report_descriptor,
        driver,
    })
}

/// Bus, vendor and product of a name like `0003:413C:2011.0004`.
fn parse_name(name: &str) -> Option<(u16, u16, u16)> {
    let (ids, instance) = name.rsplit_once('.')?;
    let mut parts = ids.split(':').map(|part| (part.len() == 4).then(|| sysfs::hex_u16(part)).flatten());
    let triple = (parts.next()??, parts.next()??, parts.next()??);
    (parts.next().is_none() && u32::from_str_radix(instance, 16).is_ok()).then_some(triple)
}

fn bus_of(number: u16) -> HidBus {
    match number {
        0x03 => HidBus::Usb,
        0x05 => HidBus::Bluetooth,
        0x06 => HidBus::Virtual,
        0x18 => HidBus::I2c,
        _ => HidBus::Other,
    }
}

/// The USB device that `HID_PHYS` names: `usb-CONTROLLER-PORTS/inputN`. The bus is the one whose root hub
/// has that controller as its serial and has a device at these ports.
fn by_physical_path(root: &Root, physical: &str) -> Option<(String, u8)> {
    let (place, input) = physical.strip_prefix("usb-")?.rsplit_once("/input")?;
    let (controller, ports) = place.rsplit_once('-')?;
    let interface = input.parse().ok()?;
    let devices = Path::new(usb::DEVICES);
    let candidates: Vec<(bool, String)> = root
        .list_dir(devices, MAX_DEVICES)
        .ok()?
        .names
        .iter()
        .filter_map(|hub| {
            let device = format!("{}-{ports}", hub.strip_prefix("usb")?);
            let serial = root.read_trimmed(devices.join(hub).join("serial"), sysfs::MAX_ATTRIBUTE_BYTES);
            let same = serial.is_ok_and(|serial| serial == controller);
            (sysfs::is_usb_device_name(&device) && root.exists(devices.join(&device)))
                .then_some((same, device))
        })
        .collect();
    let certain: Vec<_> = candidates.iter().filter(|(same, _)| *same).collect();
    match (&certain[..], &candidates[..]) {
        ([(_, device)], _) | ([], [(_, device)]) => Some((device.clone(), interface)),
        _ => None,
    }
}

const DEVICES: &str = "/sys/bus/hid/devices";
/// Most devices.
const MAX_DEVICES: usize = 1024;
/// Most bytes of a report descriptor (`HID_MAX_DESCRIPTOR_SIZE` is 4096, 16384 in newer kernels).
const MAX_DESCRIPTOR_BYTES: usize = 16 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    const KEYBOARD: &[u8] = &[0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0xc0];
    const UEVENT: &str = "DRIVER=hid-generic\nHID_ID=0003:0000413C:00002011\nHID_NAME=Dell Keyboard\n\
                          HID_PHYS=usb-0000:00:14.0-1.4/input1\nHID_UNIQ=\n";
    const NAME: &str = "0003:413C:2011.0004";

    fn one(machine: &Machine) -> HidDevice {
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.gaps.describe(), "");
        let [device] = &reading.value[..] else { panic!("{:?}", reading.value) };
        device.clone()
    }

    #[test]
    fn the_tree_tells_which_usb_device_it_is() {
        let machine = Machine::new();
        let place = format!("devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.4/1-1.4:1.1/{NAME}");
        machine
            .file(&format!("/sys/{place}/report_descriptor"), KEYBOARD)
            .file(&format!("/sys/{place}/uevent"), UEVENT)
            .link(&format!("/sys/bus/hid/devices/{NAME}"), format!("../../../{place}"));
        let device = one(&machine);
        assert_eq!((device.bus, device.vendor_id, device.product_id), (HidBus::Usb, 0x413c, 0x2011));
        assert_eq!((device.usb_path.as_deref(), device.usb_interface), (Some("1-1.4"), Some(1)));
        assert_eq!(device.report_descriptor, KEYBOARD);
        assert_eq!(device.name.as_deref(), Some("Dell Keyboard"));
        assert_eq!(device.driver.as_deref(), Some("hid-generic"));
    }

    #[test]
    fn in_a_flat_copy_the_driver_tells() {
        let machine = Machine::new();
        machine
            .file(&format!("/sys/bus/hid/devices/{NAME}/report_descriptor"), KEYBOARD)
            .file(&format!("/sys/bus/hid/devices/{NAME}/uevent"), UEVENT)
            .file("/sys/bus/usb/devices/usb1/serial", "0000:00:14.0\n")
            .file("/sys/bus/usb/devices/usb3/serial", "0000:00:1a.0\n")
            .directory("/sys/bus/usb/devices/1-1.4")
            .directory("/sys/bus/usb/devices/3-1.4");
        let device = one(&machine);
        assert_eq!((device.usb_path.as_deref(), device.usb_interface), (Some("1-1.4"), Some(1)));
    }

    #[test]
    fn a_copy_without_the_hid_bus_is_read_below_usb() {
        let machine = Machine::new();
        machine
            .file(&format!("/sys/bus/usb/devices/1-1:1.0/{NAME}/report_descriptor"), KEYBOARD)
            .directory("/sys/bus/usb/devices/1-1");
        let device = one(&machine);
        assert_eq!((device.usb_path.as_deref(), device.usb_interface), (Some("1-1"), Some(0)));
        assert_eq!(device.report_descriptor, KEYBOARD);
    }

    #[test]
    fn other_buses_have_no_usb_device() {
        let machine = Machine::new();
        for (name, place) in [
            ("0005:046D:B342.0001", "devices/virtual/misc/uhid"),
            ("0003:046D:C31C.0002", "devices/virtual/misc/uhid"),
            ("0018:04F3:0001.0003", "devices/platform/AMDI0010:00/i2c-1/i2c-ELAN0001:00"),
        ] {
            machine
                .file(&format!("/sys/{place}/{name}/report_descriptor"), KEYBOARD)
                .link(&format!("/sys/bus/hid/devices/{name}"), format!("../../../{place}/{name}"));
        }
        let devices = read(&machine.context()).unwrap().value;
        let seen: Vec<_> = devices.iter().map(|device| (device.bus, device.usb_path.as_deref())).collect();
        // The list is in the order of names: a program that claims USB, Bluetooth Low Energy, I2C.
        assert_eq!(seen, [(HidBus::Virtual, None), (HidBus::Bluetooth, None), (HidBus::I2c, None)]);
    }

    #[test]
    fn hostile_entries_are_counted() {
        let machine = Machine::new();
        machine
            .fifo("/sys/bus/hid/devices/0003:0000:0001.0001/report_descriptor")
            .file("/sys/bus/hid/devices/0003:0000:0002.0002/report_descriptor", vec![0; 2 * 1024 * 1024])
            .link("/sys/bus/hid/devices/0003:0000:0003.0003", "../../../devices/gone")
            .directory("/sys/bus/hid/devices/no name");
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.value.len(), 2);
        let told = "1 device names: malformed; 1 report descriptors: malformed; \
                    1 report descriptors: over the limit";
        assert_eq!(reading.gaps.describe(), told);
    }

    #[test]
    fn a_machine_without_hid_says_so() {
        assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
    }
}
