//! USB devices in words.

use std::collections::BTreeMap;

use bearing_descriptors::{
    hid::decode_lines,
    usb::{TransferType, class_name},
};
use bearing_protocol::fact::Facts;

use super::{clean, fired};
use crate::{
    catalogue::kvm::KvmCatalogue,
    detect::kvm::{InterfaceView, View, triplet_text, usb_story},
};

/// Deepest indentation of a tree: USB allows seven tiers (USB 2.0 section 4.1.1).
const MAX_TIERS: usize = 8;

/// The tree of all USB devices, one line each, indented by the hub they hang on. What raised a finding carries its
/// severity.
pub fn usb_tree(facts: &Facts, catalogue: &KvmCatalogue) -> Vec<String> {
    let views = View::all(facts);
    let parents: BTreeMap<&str, &str> = views
        .iter()
        .filter_map(|view| Some((view.location.as_str(), view.usb?.parent.as_deref()?)))
        .collect();
    let tier = |path: &str| {
        let mut at = path;
        // Bounded: a tree that names itself its own parent must not hold us.
        (0..MAX_TIERS)
            .take_while(|_| {
                parents.get(at).is_some_and(|parent| {
                    at = parent;
                    true
                })
            })
            .count()
    };
    let mut lines: Vec<(String, String)> = views
        .iter()
        .map(|view| {
            let indent = "  ".repeat(tier(&view.location));
            let mark = usb_story(view, facts, catalogue)
                .severity()
                .map(|severity| format!("  ← {severity}"))
                .unwrap_or_default();
            (view.location.clone(), format!("{indent}{}{mark}", usb_summary(view)))
        })
        .collect();
    lines.sort_by_key(|(path, _)| port_order(path));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// `1-1.10` after `1-1.2`, and `usb1` before `1-1`.
fn port_order(path: &str) -> Vec<u32> {
    let digits = path.trim_start_matches("usb");
    digits.split(['-', '.']).map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

/// One line: `1-1  Dell Inc. Multimedia Pro Keyboard (413c:2011), 480 Mb/s: boot keyboard, mouse, mass storage`.
pub fn usb_summary(view: &View<'_>) -> String {
    let mut functions: Vec<&str> = Vec::new();
    for interface in &view.interfaces {
        let (class, subclass, protocol) = interface.triplet;
        let name = class_name(class, subclass, protocol);
        if !functions.contains(&name) {
            functions.push(name);
        }
    }
    let speed = view.speed().map(|speed| format!(", {}", speed.describe())).unwrap_or_default();
    let functions = if functions.is_empty() { String::new() } else { format!(": {}", functions.join(", ")) };
    format!("{}  {}{speed}{functions}", view.location, clean(&view.calls_itself()))
}

/// Everything about one device: strings, descriptors decoded line by line, and what fired. Empty where no device
/// is at `location` (`1-1`).
pub fn usb_lines(location: &str, facts: &Facts, catalogue: &KvmCatalogue) -> Vec<String> {
    let views = View::all(facts);
    let Some(view) = views.iter().find(|view| view.location == location || view.subject == location) else {
        return Vec::new();
    };
    let mut lines = vec![usb_summary(view), String::new()];
    lines.extend(fired(&usb_story(view, facts, catalogue), catalogue));
    lines.push(String::new());
    lines.extend(description(view));
    for hid in &view.hids {
        lines.push(String::new());
        lines.push(format!(
            "Report descriptor of {} ({} bytes, sha256 {}…)",
            clean(&hid.device.path),
            hid.parsed.bytes,
            hid.parsed.sha256.get(..16).unwrap_or_default()
        ));
        lines.extend(decode_lines(&hid.device.report_descriptor).into_iter().map(|line| format!("  {line}")));
        if let Some(error) = &hid.error {
            lines.push(format!("  ends early: {error}"));
        }
    }
    lines
}

/// What two devices are compared by: `label: value` lines, no place and no serial.
pub(super) fn description(view: &View<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |label: &str, value: String| lines.push(format!("{label}: {value}"));
    let or_none =
        |text: Option<&str>| text.map_or_else(|| "none".to_owned(), |text| format!("\"{}\"", clean(text)));
    say("Vendor and product id", format!("{:04x}:{:04x}", view.vendor_id, view.product_id));
    if let Some(usb) = view.usb {
        say("Manufacturer", or_none(usb.manufacturer.as_deref()));
        say("Product", or_none(usb.product.as_deref()));
        let serial = usb.serial.as_deref().is_some_and(|serial| !serial.trim().is_empty());
        say("Serial", if serial { "present".into() } else { "none".into() });
        say("Configuration string", or_none(usb.configuration.as_deref()));
        let speed = view.speed().map_or("not known", |speed| speed.describe());
        say("Speed", speed.to_owned());
        say("bcdDevice", format!("{:04x}", usb.device_release));
        if let Some(release) = usb.usb_release {
            say("bcdUSB", format!("{:x}.{:02x}", release >> 8, release & 0xff));
        }
        if let Some(power) = usb.max_power_ma {
            say("bMaxPower", format!("{power} mA"));
        }
        if let Some(attributes) = usb.attributes {
            say("bmAttributes", format!("{attributes:02x}"));
        }
    }
    for interface in &view.interfaces {
        say(&format!("Interface {}", interface.number), interface_words(interface));
    }
    for (index, hid) in view.hids.iter().enumerate() {
        let number = hid.device.usb_interface.map_or(index, usize::from);
        let words: Vec<String> = hid.keys.iter().map(ToString::to_string).collect();
        say(&format!("HID {number}"), words.join("; "));
    }
    for drive in &view.storage {
        let kind = if drive.device_type == Some(5) { "CD-ROM" } else { "disk" };
        let names = [&drive.vendor, &drive.model, &drive.revision];
        let names: Vec<String> = names.into_iter().flatten().map(|name| clean(name)).collect();
        say("Drive", format!("{kind} \"{}\"", names.join(" ")));
    }
    for _ in &view.network {
        say("Network card", "on this device".to_owned());
    }
    if let Some(error) = &view.descriptor_error {
        say("Descriptors", format!("end early: {error}"));
    }
    lines
}

fn interface_words(interface: &InterfaceView) -> String {
    let (class, subclass, protocol) = interface.triplet;
    let mut words = format!("{} {}", triplet_text(interface.triplet), class_name(class, subclass, protocol));
    if let Some(name) = &interface.name {
        words.push_str(&format!(", \"{}\"", clean(name)));
    }
    if let Some(hid) = interface.hid {
        words.push_str(&format!(", bcdHID {:x}.{:02x}", hid.hid_release >> 8, hid.hid_release & 0xff));
    }
    for endpoint in interface.endpoints.iter().filter(|e| e.transfer_type() == TransferType::Interrupt) {
        let direction = if endpoint.is_in() { "in" } else { "out" };
        words.push_str(&format!(
            ", interrupt {direction} {} bytes interval {}",
            endpoint.packet_bytes(),
            endpoint.interval
        ));
    }
    words
}
