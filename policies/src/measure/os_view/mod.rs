//! What another operating system would show of the same hardware: Linux's facts, degraded.
//!
//! Always: a view only takes away; it never adds what was not read. What each system shows is written down in
//! `docs/detection-kvm.md`; it follows the documentation of the interfaces and what the readers of
//! `evaluate --collection` fill, and was not compared with a running Windows or macOS.
//! Never here: files; the rules themselves.

mod rebuilt;

use bearing_protocol::fact::{Facts, HidDevice, UsbDevice, UsbInterface};
use serde::{Deserialize, Serialize};

pub use rebuilt::rebuild;

/// Interface classes that Windows binds as one function by their control interface: the data interface beside it has
/// no node of its own (CDC data, USB Class Codes 0Ah).
const CDC_DATA: u8 = 0x0a;

/// A way of looking at hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OsView {
    /// sysfs: everything.
    Linux,
    /// Windows, where the hub hands descriptors out: raw device and configuration descriptors, strings, speed; of
    /// report descriptors only parsed capabilities.
    WindowsHub,
    /// Windows by its device tree alone: ids, compatible ids, the product string, parsed capabilities.
    Windows,
    /// macOS by its I/O registry: no configuration string, no raw descriptors; report descriptors whole.
    Macos,
}

impl OsView {
    /// All of them, the most talkative first.
    pub const ALL: [Self; 4] = [Self::Linux, Self::WindowsHub, Self::Windows, Self::Macos];

    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::WindowsHub => "Windows, hub descriptors",
            Self::Windows => "Windows, device tree alone",
            Self::Macos => "macOS",
        }
    }
}

/// The same machine as that system shows it.
pub fn as_seen(facts: &Facts, view: OsView) -> Facts {
    let mut seen = facts.clone();
    if view == OsView::Linux {
        return seen;
    }
    for device in &mut seen.usb {
        match view {
            OsView::Linux => {}
            // The configuration descriptor lists every interface, and the hub reads every string.
            OsView::WindowsHub => device.interfaces.iter_mut().for_each(|interface| interface.driver = None),
            OsView::Windows => {
                windows_interfaces(device);
                windows_tree(device);
            }
            OsView::Macos => macos(device),
        }
        // Where a port is marked as built in, no other system says it this way.
        device.removable = None;
    }
    for hid in &mut seen.hid {
        hid.driver = None;
        if matches!(view, OsView::Windows | OsView::WindowsHub) {
            hid.report_descriptor = rebuild(&hid.report_descriptor);
            windows_place(hid, &facts.usb);
        }
    }
    seen.input.clear();
    seen
}

/// One device of a machine and nothing else: what hangs on a USB place (`1-1`), or the HID device of that name.
pub fn only(facts: &Facts, place: &str) -> Facts {
    let here = |path: &Option<String>| path.as_deref() == Some(place);
    let mut part = facts.clone();
    part.usb.retain(|device| device.path == place);
    part.hid.retain(|hid| here(&hid.usb_path) || hid.path == place);
    part.storage.retain(|drive| here(&drive.usb_path));
    part.network.interfaces.retain(|card| here(&card.usb_path));
    part.network.neighbours.clear();
    part.input.retain(|input| here(&input.usb_path));
    part.displays.clear();
    part.device_events.clear();
    part
}

/// The displays of a machine and no other hardware.
pub fn only_displays(facts: &Facts) -> Facts {
    Facts { displays: facts.displays.clone(), ..only(facts, "") }
}

/// Functions have nodes, interfaces have not: CDC data goes with its control interface, and a device with one
/// interface has no node below it, so that the interface's own string is nowhere.
fn windows_interfaces(device: &mut UsbDevice) {
    device.interfaces.retain(|interface| interface.class != CDC_DATA);
    let single = device.interfaces.len() == 1;
    for interface in &mut device.interfaces {
        interface.driver = None;
        if single {
            interface.name = None;
        }
    }
}

/// The registry's `Enum\USB`: hardware ids hold ids and bcdDevice, compatible ids the triplets.
fn windows_tree(device: &mut UsbDevice) {
    device.descriptors.clear();
    device.manufacturer = None;
    device.configuration = None;
    device.speed = None;
    device.usb_release = None;
    device.max_power_ma = None;
    device.attributes = None;
    if device.interfaces.len() > 1 {
        device.class = None;
    }
    // An instance whose second character is `&` was made up by Windows, as far as anybody can tell.
    if device.serial.as_deref().is_some_and(|serial| serial.as_bytes().get(1) == Some(&b'&')) {
        device.serial = None;
    }
}

/// HID nodes name the interface (`MI_01`) only on devices with several.
fn windows_place(hid: &mut HidDevice, usb: &[UsbDevice]) {
    let single = usb
        .iter()
        .find(|device| Some(&device.path) == hid.usb_path.as_ref())
        .is_some_and(|device| device.interfaces.len() == 1);
    if single {
        hid.usb_interface = Some(0);
    }
}

fn macos(device: &mut UsbDevice) {
    device.descriptors.clear();
    device.configuration = None;
    device.max_power_ma = None;
    device.attributes = None;
    device.interfaces.iter_mut().for_each(|interface: &mut UsbInterface| interface.driver = None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bearing_protocol::fact::UsbSpeed;

    fn facts() -> Facts {
        let interface = |number, class| UsbInterface {
            number,
            class,
            name: Some("HID Interface".into()),
            driver: Some("usbhid".into()),
            ..UsbInterface::default()
        };
        let mut facts = Facts::default();
        facts.usb.push(UsbDevice {
            path: "1-1".into(),
            manufacturer: Some("Dell".into()),
            product: Some("Keyboard".into()),
            serial: Some("6&2a1b3c4&0&1".into()),
            configuration: Some("Config 1: HID".into()),
            speed: Some(UsbSpeed::High),
            interfaces: vec![interface(0, 3), interface(1, 0x0a)],
            descriptors: vec![18, 1],
            ..UsbDevice::default()
        });
        facts.hid.push(HidDevice {
            path: "0003:413C:2011.0001".into(),
            usb_path: Some("1-1".into()),
            report_descriptor: vec![0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0xc0],
            ..HidDevice::default()
        });
        facts
    }

    #[test]
    fn linux_shows_everything() {
        let (seen, whole) = (as_seen(&facts(), OsView::Linux), facts());
        assert_eq!((seen.usb, seen.hid), (whole.usb, whole.hid));
    }

    #[test]
    fn the_windows_tree_has_no_raw_descriptors_and_no_made_up_serial() {
        let seen = as_seen(&facts(), OsView::Windows);
        let device = &seen.usb[0];
        assert!(device.descriptors.is_empty());
        assert_eq!((device.manufacturer.as_deref(), device.product.as_deref()), (None, Some("Keyboard")));
        assert_eq!((&device.serial, device.speed, &device.configuration), (&None, None, &None));
        assert_eq!(device.interfaces.len(), 1, "CDC data has no node");
        assert_ne!(seen.hid[0].report_descriptor, facts().hid[0].report_descriptor);
    }

    #[test]
    fn a_hub_gives_descriptors_but_no_report_descriptors() {
        let seen = as_seen(&facts(), OsView::WindowsHub);
        assert_eq!(seen.usb[0].descriptors, [18, 1]);
        assert_eq!(seen.usb[0].configuration.as_deref(), Some("Config 1: HID"));
        assert_ne!(seen.hid[0].report_descriptor, facts().hid[0].report_descriptor);
    }

    #[test]
    fn macos_keeps_report_descriptors_and_loses_the_configuration_string() {
        let seen = as_seen(&facts(), OsView::Macos);
        assert_eq!(seen.hid[0].report_descriptor, facts().hid[0].report_descriptor);
        assert_eq!(seen.usb[0].configuration, None);
        assert!(seen.usb[0].descriptors.is_empty());
        assert_eq!(seen.usb[0].speed, Some(UsbSpeed::High));
    }

    #[test]
    fn one_device_is_cut_out_of_a_machine() {
        let mut two = facts();
        two.usb.push(UsbDevice { path: "1-2".into(), ..UsbDevice::default() });
        let part = only(&two, "1-2");
        assert_eq!((part.usb.len(), part.hid.len()), (1, 0));
        assert_eq!(only_displays(&two).usb.len(), 0);
    }
}
