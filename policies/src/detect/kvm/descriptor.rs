//! How a device is built: heuristics 3, 5, 6, 10 and 11. Names play no part here.

use bearing_descriptors::hid::CollectionKey;
use bearing_protocol::{coverage::Source, fact::UsbSpeed};

use super::{
    piece::{Pieces, Seen, Weight},
    view::{HidView, InterfaceView, View},
};
use crate::catalogue::kvm::{Distinctive, KvmCatalogue};

/// iInterface of the kernel's HID function (`drivers/usb/gadget/function/f_hid.c`).
const GADGET_INTERFACE: &str = "HID Interface";
/// bcdHID that f_hid writes. Real devices have 1.10 or 1.11.
const GADGET_HID_RELEASE: u16 = 0x0101;
/// bInterval that f_hid writes at high speed, and at full speed.
const GADGET_INTERVAL_HIGH: u8 = 4;
const GADGET_INTERVAL_FULL: u8 = 10;
/// The byte that NanoKVM's keyboard has for its key array's maximum.
const NANOKVM_KEY_MAXIMUM: u32 = 0xe7;
/// Largest position of CH9329's absolute pointer.
const CH9329_MAXIMUM: i64 = 4_095;
/// Adds what the descriptors of `view` say.
pub(super) fn descriptor(view: &View<'_>, catalogue: &KvmCatalogue, virtual_machine: bool, out: &mut Pieces) {
    for hid in &view.hids {
        shipped(view, hid, catalogue, virtual_machine, out);
    }
    serial_chip(view, catalogue, out);
    keyboard_with_pointer(view, out);
    gadget_marks(view, out);
    high_speed_keyboard(view, out);
    release(view, out);
}

/// Heuristic 3: a report descriptor that a product ships, by its bytes or by its meaning.
fn shipped(
    view: &View<'_>,
    hid: &HidView<'_>,
    catalogue: &KvmCatalogue,
    virtual_machine: bool,
    out: &mut Pieces,
) {
    let words = hid.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let seen = |field| Seen { source: Source::Hid, location: &hid.device.path, field, value: words.clone() };
    // A hypervisor's tablet may mean the same as one product's pointer: alone on a virtual machine it says nothing.
    let innocent = virtual_machine
        && !view.is_keyboard()
        && hid
            .keys
            .iter()
            .any(|key| catalogue.is_virtual_pointer(key) && key.report_ids.is_empty() && !key.ac_pan)
        && !view.interfaces.iter().any(has_gadget_name);
    if innocent {
        return;
    }
    let exact = catalogue.descriptor(&hid.parsed.sha256);
    if let Some(best) = exact.iter().max_by_key(|known| (known.trust, std::cmp::Reverse(known.entry))) {
        let weight = match best.trust {
            Distinctive::High => Weight::DescriptorHigh,
            Distinctive::Medium if best.role.contains("keyboard") => Weight::DescriptorMediumKeyboard,
            Distinctive::Medium => Weight::DescriptorMedium,
            Distinctive::Low | Distinctive::None => Weight::DescriptorCommon,
        };
        let mut makers: Vec<&str> = Vec::new();
        for known in exact {
            let label = catalogue.label(known.entry);
            if !makers.contains(&label) {
                makers.push(label);
            }
        }
        let role = best.role.replace('-', " ");
        let same = format!("byte for byte the {role} of {}", makers.join(", "));
        let why = match best.trust {
            Distinctive::High => format!("{same}; no genuine device that we know has it"),
            Distinctive::Medium => format!("{same}; hobby projects share it"),
            Distinctive::Low | Distinctive::None => {
                format!("{same}; honest devices have it too: no evidence")
            }
        };
        let phrase = phrase(&hid.keys, out.scoring().points(weight));
        let piece = out.add(weight, seen("report descriptor"), why).say(phrase);
        for known in exact {
            let strength = match known.trust {
                Distinctive::High => 200,
                Distinctive::Medium => 60,
                Distinctive::Low => 20,
                Distinctive::None => 10,
            };
            piece.of(known.entry, strength);
        }
    }
    if exact.iter().any(|known| known.trust == Distinctive::High) {
        return;
    }
    // A guest's lone pointer is its hypervisor's: only exact bytes count there.
    let guest = virtual_machine && !view.is_keyboard();
    for key in hid.keys.iter().filter(|_| !guest) {
        if key.inverted_key_maximum == Some(NANOKVM_KEY_MAXIMUM) {
            out.add(
                Weight::InvertedKeyMaximum,
                seen("report descriptor, key array"),
                "its largest key is written 25 e7, which is -25 by the standard: NanoKVM's slip, and that of a few \
                 keyboards",
            );
        }
        let (hit, weight) = match (catalogue.meaning(key).first(), catalogue.bare_meaning(key).first()) {
            (Some(hit), _) if !catalogue.is_virtual_pointer(key) => (hit, Weight::SameMeaning),
            (Some(hit), _) => (hit, Weight::SameMeaningAsHypervisor),
            (None, Some(hit)) if key.ac_pan || !key.physical => (hit, Weight::SimilarMeaning),
            _ => continue,
        };
        let name = catalogue.label(hit.entry);
        let points = out.scoring().points(weight);
        out.add(
            weight,
            seen("report descriptor by its meaning"),
            format!("means the same as the {} of {name}, in other bytes", hit.role),
        )
        .say(phrase(&hid.keys, points))
        .of(hit.entry, 150);
    }
}

fn phrase(keys: &[CollectionKey], points: u8) -> String {
    let pointer = keys.iter().find(|key| key.is_pointer());
    match pointer {
        _ if points == 0 => String::new(),
        Some(key) if key.is_absolute_pointer() => "points with the absolute pointer of an IP-KVM".to_owned(),
        Some(_) => "has the relative mouse of an IP-KVM".to_owned(),
        None => "has the keyboard of an IP-KVM".to_owned(),
    }
}

/// Heuristic 3 for CH9329, whose whole descriptor nobody has published: keyboard on report 1, relative mouse on 4,
/// absolute pointer on 5 with thirteen bits, as its serial protocol numbers them. No name survives on it.
fn serial_chip(view: &View<'_>, catalogue: &KvmCatalogue, out: &mut Pieces) {
    let has = |id: u8, fits: fn(&CollectionKey) -> bool| {
        view.keys().any(|key| key.report_ids.contains(&id) && fits(key))
    };
    let relative = |key: &CollectionKey| key.is_pointer() && key.x.is_some_and(|axis| !axis.absolute);
    let absolute = |key: &CollectionKey| {
        key.is_absolute_pointer()
            && key.x.is_some_and(|axis| axis.minimum == 0 && axis.maximum == CH9329_MAXIMUM)
    };
    if !(has(1, CollectionKey::is_keyboard) && has(4, relative) && has(5, absolute)) {
        return;
    }
    let seen = Seen {
        source: Source::Hid,
        location: &view.location,
        field: "report numbers",
        value: "keyboard 1, relative mouse 4, absolute pointer 5 up to 4095".to_owned(),
    };
    let entry = catalogue.entries().iter().position(|entry| entry.id == "ch9329");
    let piece = out
        .add(
            Weight::SerialChipReports,
            seen,
            "a CH9329, the chip that turns another computer's serial line into a keyboard, numbers its reports so; \
             its names can be rewritten",
        )
        .say("numbers its reports as the serial-to-keyboard chip of USB KVMs does");
    piece.products.extend(entry.map(|entry| (entry, 150)));
}

/// Heuristic 6: one device types and points at positions, with buttons, and is no tablet.
fn keyboard_with_pointer(view: &View<'_>, out: &mut Pieces) {
    if !view.is_keyboard() {
        return;
    }
    if view.has_pen() {
        return;
    }
    let pointer = view.hids.iter().find_map(|hid| {
        hid.keys.iter().find(|key| key.is_absolute_pointer()).map(|key| (hid.device.path.as_str(), key))
    });
    let Some((location, key)) = pointer else { return };
    let seen = Seen { source: Source::Hid, location, field: "report descriptor", value: key.to_string() };
    out.add(
        Weight::KeyboardAndPointer,
        seen,
        "a keyboard that also points at positions on the screen: remote control needs that, a keyboard does not",
    )
    .say("carries an absolute pointer with buttons");
}

fn has_gadget_name(interface: &InterfaceView) -> bool {
    interface.name.as_deref().map(str::trim) == Some(GADGET_INTERFACE)
}

/// Heuristic 5: the fixed fields of the kernel's HID function, under a vendor id that is not Linux's.
fn gadget_marks(view: &View<'_>, out: &mut Pieces) {
    if view.vendor_id == out.scoring().marks.linux_vendor || !view.is_input() {
        return;
    }
    let best = view
        .interfaces
        .iter()
        .filter(|interface| interface.triplet.0 == 3)
        .filter_map(|interface| Some((marks(view, interface)?, interface)))
        .max_by_key(|(weight, interface)| (out.scoring().points(*weight), interface.is_keyboard_protocol()));
    let Some((weight, interface)) = best else { return };
    let mut marks = Vec::new();
    if has_gadget_name(interface) {
        marks.push(format!("interface string \"{GADGET_INTERFACE}\""));
    }
    if let Some(hid) = interface.hid.filter(|hid| hid.hid_release == GADGET_HID_RELEASE) {
        marks.push(format!("bcdHID {:x}.{:02x}", hid.hid_release >> 8, hid.hid_release & 0xff));
    }
    if let Some(endpoint) = interface.endpoints.first() {
        marks.push(format!("bInterval {}", endpoint.interval));
        if packet_is_report(view, interface) {
            marks.push(format!("wMaxPacketSize {} equal to the report", endpoint.packet_bytes()));
        }
    }
    if let Some(speed) = view.speed() {
        marks.push(speed.describe().to_owned());
    }
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "fixed fields of its HID interface",
        value: marks.join(", "),
    };
    let mut phrases = Vec::new();
    if let Some(speed) = view.speed().filter(|speed| *speed >= UsbSpeed::High) {
        phrases.push(format!("runs at {}", speed.describe()));
    }
    if has_gadget_name(interface) {
        phrases.push(format!("has interface string \"{GADGET_INTERFACE}\""));
    } else {
        phrases.push("has the fixed fields of a computer that plays a keyboard".to_owned());
    }
    out.add(
        weight,
        seen,
        "Linux writes these when a computer plays a keyboard or mouse, whatever name it is given; makers' own \
         firmware does not",
    )
    .say(phrases.join(", "));
}

fn marks(view: &View<'_>, interface: &InterfaceView) -> Option<Weight> {
    let named = has_gadget_name(interface);
    let unnamed = interface.name.is_none();
    let release = interface.hid.is_some_and(|hid| hid.hid_release == GADGET_HID_RELEASE);
    let speed = view.speed();
    let high = speed.is_none_or(|speed| speed >= UsbSpeed::High);
    let interval =
        |wanted| !interface.endpoints.is_empty() && interface.endpoints.iter().all(|e| e.interval == wanted);
    let fast = high && interval(GADGET_INTERVAL_HIGH);
    let slow = speed == Some(UsbSpeed::Full) && interval(GADGET_INTERVAL_FULL);
    let packet = packet_is_report(view, interface);
    // A pointer alone could be a phone or a presenter: there the packet size has to fit as well.
    let typed = view.is_keyboard() || packet || view.hids.is_empty();
    match (named, release) {
        (true, true) if fast && typed => Some(Weight::AllMarks),
        (true, true) if slow && typed => Some(Weight::MarksAtFullSpeed),
        (true, true) => Some(Weight::SomeMarks),
        (false, true) if unnamed && fast && packet => Some(Weight::MarksWithoutName),
        (true, false) if interface.hid.is_none() && speed.is_some_and(|s| s >= UsbSpeed::High) => {
            Some(Weight::NameAlone)
        }
        (false, true) if unnamed && slow && packet => Some(Weight::FullSpeedWithoutName),
        _ => None,
    }
}

/// Whether the endpoint's packet is exactly as long as the report it carries.
fn packet_is_report(view: &View<'_>, interface: &InterfaceView) -> bool {
    let report = view
        .hids
        .iter()
        .find(|hid| hid.device.usb_interface == Some(interface.number))
        .and_then(|hid| hid.parsed.longest_input_report());
    let packet = interface.endpoints.iter().find(|e| e.is_in()).map(|e| u64::from(e.packet_bytes()));
    report.is_some() && report == packet
}

/// Heuristic 10.
fn high_speed_keyboard(view: &View<'_>, out: &mut Pieces) {
    let boot = view.interfaces.iter().any(InterfaceView::is_keyboard_protocol);
    let Some(speed) = view.speed().filter(|speed| *speed >= UsbSpeed::High) else { return };
    if !boot || view.is_hub() {
        return;
    }
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "speed",
        value: speed.describe().to_owned(),
    };
    out.add(
        Weight::BootKeyboardAtHighSpeed,
        seen,
        "typing needs no such speed; some gaming keyboards and docks have it, so it only supports other evidence",
    )
    .say(format!("runs at {}", speed.describe()));
}

/// Heuristic 11.
fn release(view: &View<'_>, out: &mut Pieces) {
    if !view.is_input() {
        return;
    }
    let raw = view.descriptors.as_ref().map(|d| d.device);
    let device = view.usb.map(|usb| usb.device_release).filter(|r| *r != 0).or(raw.map(|d| d.device_release));
    let standard = view.usb.and_then(|usb| usb.usb_release).or(raw.map(|d| d.usb_release));
    let Some(device) = device else { return };
    let marks = &out.scoring().marks;
    let both = marks.release_with_standard.iter().any(|(d, s)| *d == device && Some(*s) == standard);
    if !both && !marks.releases.contains(&device) {
        return;
    }
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "bcdDevice",
        value: format!("{device:04x}"),
    };
    let why = if both {
        "a bcdDevice that tells beside this bcdUSB: one product's HID-only mode writes both"
    } else {
        "a number that computers playing a USB device leave there; it may be chance and only supports"
    };
    out.add(Weight::KernelOrSlip, seen, why);
}
