//! What a device says its name is: heuristics 1, 4, 9, 12, 13, 14, 17, 18 and 19.
//!
//! Always: strings only add. A genuine-looking name is never a reason to look less closely.

use bearing_descriptors::hid::CollectionKey;
use bearing_protocol::{
    coverage::Source,
    fact::{MachineKind, UsbSpeed},
};

use super::{
    piece::{Heuristic, Pieces, Seen},
    view::{InterfaceView, View, triplet_text},
};
use crate::catalogue::kvm::{Genuine, Identity, KvmCatalogue, Standing, strings_key};

/// The Linux Foundation's vendor id: the kernel's gadget defaults.
const LINUX: u16 = 0x1d6b;
/// Gadget product ids of the Linux Foundation that carry HID as often as anything else.
const GADGET_PRODUCTS: [u16; 3] = [0x0104, 0x0105, 0x0106];
/// `0104` written without `0x` and read as octal.
const OCTAL_PRODUCT: u16 = 0x0044;
/// A serial that much hardware shares, honest keyboards among it: full weight only beside an absolute pointer.
const COMMON_SERIAL: &str = "0123456789ABCDEF";

/// Adds what the names and ids of `view` say.
pub(super) fn identity(view: &View<'_>, catalogue: &KvmCatalogue, machine: MachineKind, out: &mut Pieces) {
    known_ids(view, catalogue, machine, out);
    known_strings(view, catalogue, out);
    configuration_string(view, catalogue, out);
    serial(view, catalogue, out);
    gadget_ids(view, out);
    if let Some(genuine) = catalogue.genuine(view.vendor_id, view.product_id) {
        contradiction(view, genuine, out);
    }
}

fn ids(view: &View<'_>) -> String {
    format!("{:04x}:{:04x}", view.vendor_id, view.product_id)
}

fn strings<'a>(view: &'a View<'_>) -> (Option<&'a str>, Option<&'a str>) {
    let usb = view.usb;
    (usb.and_then(|u| u.manufacturer.as_deref()), usb.and_then(|u| u.product.as_deref()))
}

fn same(known: Option<&String>, shown: Option<&str>) -> bool {
    known.zip(shown).is_some_and(|(known, shown)| *known == shown.trim().to_lowercase())
}

fn known_ids(view: &View<'_>, catalogue: &KvmCatalogue, machine: MachineKind, out: &mut Pieces) {
    let (manufacturer, product) = strings(view);
    // Several lines share ids and a string: the one that fits best speaks.
    let named = |identity: &Identity| {
        let maker = same(identity.manufacturer.as_ref(), manufacturer);
        u8::from(maker) * 2 + u8::from(same(identity.product.as_ref(), product))
    };
    let default = catalogue
        .identities(view.vendor_id, view.product_id)
        .filter(|identity| identity.standing == Standing::Kvm && !identity.disguise && named(identity) > 0)
        // A product string under the kernel's own ids may be anybody's, where nothing types or points.
        .filter(|identity| {
            let own_maker = same(identity.manufacturer.as_ref(), manufacturer);
            own_maker || view.vendor_id != LINUX || view.has_hid() || view.is_opaque()
        })
        .max_by_key(|identity| (named(identity), std::cmp::Reverse(identity.entry)));
    let seen =
        |field| Seen { source: Source::Usb, location: &view.location, field, value: view.calls_itself() };
    if let Some(identity) = default {
        let name = catalogue.label(identity.entry);
        out.add(
            Heuristic::DefaultIdentity,
            100,
            seen("idVendor, idProduct and strings"),
            format!("this is how {name} presents itself unless it is told to hide"),
        )
        .say(format!("that is the default identity of {name}"))
        .of(identity.entry, 1_000);
    }
    for identity in catalogue.identities(view.vendor_id, view.product_id) {
        let named = named(identity) > 0;
        let name = catalogue.label(identity.entry);
        match identity.standing {
            Standing::Kvm if identity.disguise => disguise(view, identity, name, out),
            Standing::Kvm if default.is_some() || out.has(Heuristic::DefaultIdentity) => {}
            Standing::Kvm if identity.exclusive => {
                if !view.has_hid() && !view.is_opaque() {
                    continue;
                }
                out.add(
                    Heuristic::DefaultIdentity,
                    70,
                    Seen { value: ids(view), ..seen("idVendor and idProduct") },
                    format!("these ids belong to {name}; its strings are others than it ships with"),
                )
                .say(format!("has the ids of {name}"))
                .of(identity.entry, 300);
            }
            Standing::Bridge if out.has(Heuristic::SerialBridge) => {}
            Standing::Bridge if view.has_hid() || view.is_opaque() => {
                out.add(
                    Heuristic::SerialBridge,
                    50,
                    Seen { value: ids(view), ..seen("idVendor and idProduct") },
                    "a chip that turns a serial line from another computer into a keyboard and mouse; simple KVM \
                     switches and kiosk keyboards have it too",
                )
                .say("is a chip that turns another computer's serial line into a keyboard and mouse")
                .of(identity.entry, 100);
            }
            Standing::Injector if !identity.disguise && (named || identity.manufacturer.is_none()) => {
                out.add(
                    Heuristic::DefaultIdentity,
                    50,
                    seen("idVendor, idProduct and strings"),
                    format!("the default identity of {name}: it types what it was told to"),
                )
                .say(format!("that is the default identity of {name}"))
                .of(identity.entry, 500);
            }
            Standing::Enterprise | Standing::Bmc => server_room(view, identity, name, machine, out),
            _ => {}
        }
    }
}

fn server_room(view: &View<'_>, identity: &Identity, name: &str, machine: MachineKind, out: &mut Pieces) {
    let bmc = identity.standing == Standing::Bmc;
    let heuristic = if bmc { Heuristic::ManagementController } else { Heuristic::EnterpriseKvm };
    let points = match (machine, bmc) {
        (MachineKind::Server, _) => 0,
        (MachineKind::Laptop, true) => 40,
        (_, true) => 30,
        (_, false) => 50,
    };
    let why = match points {
        0 => format!("belongs to {name}, which is expected on a {}", machine.as_str()),
        _ => format!(
            "belongs to {name}: remote control of the server room, here on a {} machine",
            machine.as_str()
        ),
    };
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "idVendor and idProduct",
        value: ids(view),
    };
    out.add(heuristic, points, seen, why).say(format!("belongs to {name}")).of(identity.entry, 200);
}

/// Borrowed identities: only what the real product never shows counts.
fn disguise(view: &View<'_>, identity: &Identity, name: &str, out: &mut Pieces) {
    let Some(usb) = view.usb else { return };
    let seen = |field, value: &str| Seen {
        source: Source::Usb,
        location: &view.location,
        field,
        value: value.to_owned(),
    };
    // Words that no maker uses: "Logitech (x64)", and a gadget's product string under a maker's id.
    let odd_maker = same(identity.manufacturer.as_ref(), usb.manufacturer.as_deref())
        && identity.manufacturer.as_deref().is_some_and(|text| text.contains("(x64)"));
    if odd_maker {
        out.add(
            Heuristic::DisguiseStrings,
            80,
            seen("manufacturer", usb.manufacturer.as_deref().unwrap_or_default()),
            format!("no maker writes its name so: {name}"),
        )
        .say(format!(
            "spells its maker \"{}\" as only a disguise does",
            usb.manufacturer.as_deref().unwrap_or("")
        ))
        .of(identity.entry, 300);
    }
    let gadget_product = identity.product.as_deref() == Some("multifunction usb device");
    if gadget_product && same(identity.product.as_ref(), usb.product.as_deref()) {
        out.add(
            Heuristic::DisguiseStrings,
            80,
            seen("product", usb.product.as_deref().unwrap_or_default()),
            format!("a gadget's product string under a maker's vendor id: {name}"),
        )
        .say("keeps a gadget's product string under a maker's id")
        .of(identity.entry, 200);
    }
    let prefix = identity.serial_prefix.as_deref();
    if let (Some(prefix), Some(serial)) = (prefix, usb.serial.as_deref())
        && serial.starts_with(prefix)
    {
        out.add(
            Heuristic::BrandContradiction,
            60,
            seen("serial", &format!("{prefix}…")),
            format!("the real device has no serial; this one begins as a disguise script writes it ({name})"),
        )
        .say(format!("has a serial that begins with {prefix}, which the real device has not"))
        .of(identity.entry, 200);
    }
}

/// Names that are a KVM's own, under whatever ids.
fn known_strings(view: &View<'_>, catalogue: &KvmCatalogue, out: &mut Pieces) {
    if out.points(Heuristic::DefaultIdentity) >= 100 {
        return;
    }
    let (manufacturer, product) = strings(view);
    let hid_name = view.hids.iter().find_map(|hid| hid.device.name.as_deref());
    let both = manufacturer.zip(product).map(|(maker, product)| strings_key(maker, product));
    // The HID layer joins both strings with a blank.
    let joined = hid_name.map(|name| name.trim().to_lowercase());
    let hits = both
        .iter()
        .flat_map(|key| catalogue.by_strings(key))
        .chain(joined.iter().flat_map(|name| catalogue.by_joined_name(name)));
    let best = hits.min_by_key(|identity| identity.entry);
    if let Some(identity) = best {
        let name = catalogue.label(identity.entry);
        let source = if both.is_some() { Source::Usb } else { Source::Hid };
        let seen = Seen {
            source,
            location: &view.location,
            field: "manufacturer and product",
            value: view.calls_itself(),
        };
        out.add(
            Heuristic::DefaultIdentity,
            100,
            seen,
            format!("both strings are those of {name}, under ids that are not its own"),
        )
        .say(format!("has the names of {name}"))
        .of(identity.entry, 900);
        return;
    }
    let Some((maker, entry)) = manufacturer.and_then(|maker| Some((maker, catalogue.maker(maker)?))) else {
        return;
    };
    if view.is_input() {
        let name = catalogue.label(entry);
        let seen = Seen {
            source: Source::Usb,
            location: &view.location,
            field: "manufacturer",
            value: maker.to_owned(),
        };
        out.add(
            Heuristic::DefaultIdentity,
            60,
            seen,
            format!("the manufacturer string of {name} on an input device"),
        )
        .say(format!("names \"{maker}\" as its maker"))
        .of(entry, 200);
    }
}

fn configuration_string(view: &View<'_>, catalogue: &KvmCatalogue, out: &mut Pieces) {
    let Some(text) = view.usb.and_then(|usb| usb.configuration.as_deref()) else { return };
    let Some(known) = catalogue.configuration(text.trim()) else { return };
    let foreign = view.vendor_id != LINUX && !known.home.contains(&view.vendor_id);
    let Some(entry) = known.entries.first().copied() else { return };
    if !(view.has_hid() || view.is_opaque()) {
        return;
    }
    let name = catalogue.label(entry);
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "configuration string",
        value: text.to_owned(),
    };
    if foreign {
        out.add(
            Heuristic::DisguiseStrings,
            80,
            seen,
            format!("{name} keeps this configuration string when its name is changed"),
        )
        .say(format!("has configuration string \"{}\"", text.trim()))
        .of(entry, 300);
    } else {
        out.add(Heuristic::DisguiseStrings, 0, seen, format!("the configuration string of {name}"))
            .of(entry, 50);
    }
}

fn serial(view: &View<'_>, catalogue: &KvmCatalogue, out: &mut Pieces) {
    let Some(serial) = view.usb.and_then(|usb| usb.serial.as_deref()).map(str::trim) else { return };
    let seen = |value: &str| Seen {
        source: Source::Usb,
        location: &view.location,
        field: "serial",
        value: value.to_owned(),
    };
    if is_windows_instance_id(serial) && (view.has_hid() || view.is_opaque()) {
        out.add(
            Heuristic::DisguiseStrings,
            80,
            seen("written like a Windows instance id"),
            "Windows makes such texts for devices without a serial; a device that brings one along imitates it",
        )
        .say("has a serial that imitates a Windows instance id");
    }
    let Some(entry) = catalogue.serial(serial).first().copied() else { return };
    let absolute = view.keys().any(CollectionKey::is_absolute_pointer);
    let points = match (serial == COMMON_SERIAL, view.has_hid()) {
        (true, _) if !view.is_keyboard() => return,
        (true, _) if absolute => 70,
        (true, _) if view.speed().is_some_and(|speed| speed >= UsbSpeed::High) => 40,
        (true, _) => 25,
        (false, true) => 70,
        (false, false) => 40,
    };
    out.add(
        Heuristic::ConstantSerial,
        points,
        seen(serial),
        "a serial that every unit of these gadgets shares; no two honest devices have the same",
    )
    .say(format!("has the serial {serial} that every unit of such gadgets shares"))
    .of(entry, 20);
}

/// `^[1-9]&[0-9a-f]{1,7}&0&1$`.
fn is_windows_instance_id(serial: &str) -> bool {
    let mut parts = serial.split('&');
    let (first, second, third, fourth) = (parts.next(), parts.next(), parts.next(), parts.next());
    parts.next().is_none()
        && first.is_some_and(|text| text.len() == 1 && matches!(text.as_bytes().first(), Some(b'1'..=b'9')))
        && second.is_some_and(|text| {
            (1..=7).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
        && third == Some("0")
        && fourth == Some("1")
}

fn gadget_ids(view: &View<'_>, out: &mut Pieces) {
    if view.vendor_id != LINUX || !(view.has_hid()) {
        return;
    }
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "idVendor and idProduct",
        value: ids(view),
    };
    if view.product_id == OCTAL_PRODUCT {
        out.add(
            Heuristic::OctalProduct,
            60,
            seen,
            "0104 read as an octal number: a mistake that early JetKVM units made, and no product's own id",
        )
        .say("has the product id 0044, 0104 misread as octal");
    } else if GADGET_PRODUCTS.contains(&view.product_id) {
        out.add(
            Heuristic::GadgetIds,
            35,
            seen,
            "a computer that plays a USB device, with a keyboard or mouse; development boards and phones do so too",
        )
        .say("is a Linux computer playing a USB device");
    }
}

/// What is claimed against what is genuine under the same ids. One difference may be a newer revision; two are none.
fn contradiction(view: &View<'_>, genuine: &Genuine, out: &mut Pieces) {
    let mut wrong: Vec<String> = Vec::new();
    if let Some(speed) = view.usb.and_then(|usb| usb.speed)
        && !genuine.speeds.is_empty()
        && speed >= UsbSpeed::High
        && !genuine.speeds.iter().any(|known| known == "high")
    {
        wrong.push(format!("it runs at {}, the genuine one at 12 Mb/s", speed.describe()));
    }
    if genuine.serial_present == Some(false)
        && view.usb.and_then(|usb| usb.serial.as_deref()).is_some_and(|serial| !serial.trim().is_empty())
    {
        wrong.push("it has a serial, the genuine one has none".to_owned());
    }
    let triplets = view.interfaces.iter().map(|i| triplet_text(i.triplet)).collect::<Vec<_>>().join(" ");
    if !view.interfaces.is_empty()
        && !genuine.interfaces.is_empty()
        && !genuine.interfaces.iter().any(|known| *known == triplets || known.starts_with(&triplets))
    {
        wrong.push(format!(
            "its interfaces are {triplets}, the genuine ones {}",
            genuine.interfaces.join(" or ")
        ));
    }
    let releases: Vec<u16> =
        view.interfaces.iter().filter_map(|i: &InterfaceView| i.hid).map(|hid| hid.hid_release).collect();
    if !genuine.hid_releases.is_empty() && releases.iter().any(|r| !genuine.hid_releases.contains(r)) {
        wrong.push("its bcdHID is another".to_owned());
    }
    if genuine.descriptors_complete
        && !view.hids.is_empty()
        && view.hids.iter().all(|hid| !genuine.descriptors.contains(&hid.parsed.sha256))
    {
        wrong.push("none of its report descriptors is a genuine one".to_owned());
    }
    if wrong.is_empty() {
        return;
    }
    let points = if wrong.len() >= 2 { 60 } else { 25 };
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "descriptors against the genuine device's",
        value: wrong.join("; "),
    };
    out.add(Heuristic::BrandContradiction, points, seen, format!("it claims to be a {}", genuine.name))
        .say(format!("is not built as a {}", genuine.name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shape_of_a_windows_instance_id_counts() {
        assert!(is_windows_instance_id("6&2a1b3c4&0&1"));
        for other in
            ["6&2a1b3c4&0&2", "0&2a&0&1", "6&2a1b3c4d&0&1", "6&2A&0&1", "6&&0&1", "6&2a&0&1&1", "A1B2"]
        {
            assert!(!is_windows_instance_id(other), "{other}");
        }
    }
}
