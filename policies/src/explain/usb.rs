//! USB devices in words.

use std::collections::BTreeMap;

use bearing_descriptors::{
    hid,
    usb::{TransferType, class_name},
};
use bearing_protocol::fact::Facts;

use super::{
    Mark, Sheet, clean, judged,
    sheet::{Place, Section},
    text,
    usb_descriptors::{self, release},
};
use crate::{
    catalogue::kvm::KvmCatalogue,
    detect::kvm::{HidView, InterfaceView, View, triplet_text, usb_story},
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

/// Everything about one device, with the evidence on the lines it was read from.
pub fn usb_sheet(view: &View<'_>, marks: &[Mark]) -> Sheet {
    let mut sheet = Sheet::new(view.subject.clone(), usb_summary(view));
    sheet.add(shown(view));
    if let Some(descriptors) = &view.descriptors {
        let error = view.descriptor_error.as_ref();
        for section in usb_descriptors::sections(descriptors, error, &view.interfaces, view.speed()) {
            sheet.add(section);
        }
    }
    for hid in &view.hids {
        sheet.add(report_descriptor(hid));
    }
    sheet.mark(marks)
}

/// Everything about one device as text. Empty where no device is at `location` (`1-1`).
pub fn usb_lines(location: &str, facts: &Facts, catalogue: &KvmCatalogue) -> Vec<String> {
    let views = View::all(facts);
    let Some(view) = views.iter().find(|view| view.location == location || view.subject == location) else {
        return Vec::new();
    };
    let story = usb_story(view, facts, catalogue);
    let sheet = usb_sheet(view, &Mark::of_story(&story));
    let mut lines = vec![sheet.summary.clone(), judged(Some(&story), catalogue), String::new()];
    lines.extend(text(&sheet));
    lines
}

/// The item list of one report descriptor; each outermost collection is a place for evidence.
fn report_descriptor(hid: &HidView<'_>) -> Section {
    let bytes = hid.parsed.bytes;
    let digest = hid.parsed.sha256.get(..16).unwrap_or_default();
    let number = hid.device.usb_interface.map(|n| format!(" of interface {n}")).unwrap_or_default();
    let title = format!("Report descriptor{number}, {bytes} bytes, sha256 {digest}…");
    let mut out = Section::new(title).at(Place::Hid(hid.device.path.clone()));
    let mut begun = None;
    for item in hid::decode(&hid.device.report_descriptor) {
        // The words of a whole collection stand where it begins.
        let key = item.collection.filter(|at| begun != Some(*at)).and_then(|at| hid.keys.get(at));
        begun = item.collection.or(begun);
        let line = out.say(&item.words, "").deep(item.depth);
        line.offset = item.offset;
        if let Some(key) = key {
            line.value = format!("together: {key}");
            line.is(Place::Collection(key.to_string()));
        }
    }
    if let Some(error) = &hid.error {
        out.say("Ends early", error.to_string());
    }
    out
}

/// What two devices are compared by: no place and no serial.
pub(super) fn shown(view: &View<'_>) -> Section {
    let mut out = Section::new("As it shows itself");
    let or_none =
        |text: Option<&str>| text.map_or_else(|| "none".to_owned(), |text| format!("\"{}\"", clean(text)));
    out.say("Vendor and product id", format!("{:04x}:{:04x}", view.vendor_id, view.product_id))
        .is(Place::Ids);
    if let Some(usb) = view.usb {
        out.say("Manufacturer", or_none(usb.manufacturer.as_deref())).is(Place::Manufacturer);
        out.say("Product", or_none(usb.product.as_deref())).is(Place::Product);
        let serial = usb.serial.as_deref().is_some_and(|serial| !serial.trim().is_empty());
        out.say("Serial", if serial { "present" } else { "none" }).is(Place::Serial);
        out.say("Configuration string", or_none(usb.configuration.as_deref())).is(Place::Configuration);
        out.say("Speed", view.speed().map_or("not known", |speed| speed.describe())).is(Place::Speed);
        numbers(usb, &mut out);
    }
    for interface in &view.interfaces {
        let words = interface_words(interface);
        out.say(&format!("Interface {}", interface.number), words).is(interface_place(view, interface));
    }
    for (index, hid) in view.hids.iter().enumerate() {
        let number = hid.device.usb_interface.map_or(index, usize::from);
        let words: Vec<String> = hid.keys.iter().map(ToString::to_string).collect();
        out.say(&format!("HID {number}"), words.join("; "));
    }
    for drive in &view.storage {
        let kind = if drive.device_type == Some(5) { "CD-ROM" } else { "disk" };
        let names = [&drive.vendor, &drive.model, &drive.revision];
        let names: Vec<String> = names.into_iter().flatten().map(|name| clean(name)).collect();
        out.say("Drive", format!("{kind} \"{}\"", names.join(" ").trim())).is(Place::Drive);
    }
    for _ in &view.network {
        out.say("Network card", "on this device").is(Place::Network);
    }
    if let (Some(error), None) = (&view.descriptor_error, &view.descriptors) {
        out.say("Descriptors", format!("cannot be read: {error}"));
    }
    out
}

/// Numbers of the device and its configuration, as the system shows them without raw descriptors.
fn numbers(usb: &bearing_protocol::fact::UsbDevice, out: &mut Section) {
    out.say("bcdDevice", format!("{:04x}", usb.device_release)).is(Place::Release);
    if let Some(usb_release) = usb.usb_release {
        out.say("bcdUSB", release(usb_release));
    }
    if let Some(power) = usb.max_power_ma {
        out.say("bMaxPower", format!("{power} mA"));
    }
    if let Some(attributes) = usb.attributes {
        out.say("bmAttributes", format!("{attributes:02x}"));
    }
}

/// Without raw descriptors, this is where evidence on an interface stands.
fn interface_place(view: &View<'_>, interface: &InterfaceView) -> Place {
    if view.descriptors.is_some() {
        return Place::Nowhere;
    }
    let (class, subclass, protocol) = interface.triplet;
    let name = interface.name.as_deref().map(clean).unwrap_or_default().to_lowercase();
    let words = format!("{}, {name}", class_name(class, subclass, protocol));
    Place::Interface(words.trim_end_matches([',', ' ']).to_owned())
}

fn interface_words(interface: &InterfaceView) -> String {
    let (class, subclass, protocol) = interface.triplet;
    let mut words = format!("{} {}", triplet_text(interface.triplet), class_name(class, subclass, protocol));
    if let Some(name) = &interface.name {
        words.push_str(&format!(", \"{}\"", clean(name)));
    }
    if let Some(hid) = interface.hid {
        words.push_str(&format!(", bcdHID {}", release(hid.hid_release)));
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
