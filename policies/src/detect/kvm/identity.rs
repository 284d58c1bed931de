//! What a device says its name is: heuristics 1, 4, 9, 12, 13, 14, 17, 18 and 19.
//!
//! Always: strings only add. A genuine-looking name is never a reason to look less closely.

use bearing_descriptors::hid::CollectionKey;
use bearing_protocol::{
    coverage::Source,
    fact::{HidBus, MachineKind, UsbSpeed},
};

use super::{
    piece::{Heuristic, Pieces, Seen, Weight},
    view::{InterfaceView, View, triplet_text},
};
use crate::catalogue::kvm::{Genuine, Identity, KvmCatalogue, Standing, strings_key};

/// Adds what the names and ids of `view` say.
pub(super) fn identity(view: &View<'_>, catalogue: &KvmCatalogue, machine: MachineKind, out: &mut Pieces) {
    known_ids(view, catalogue, machine, out);
    odd_maker(view, catalogue, out);
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
    let linux = out.scoring().marks.linux_vendor;
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
            own_maker || view.vendor_id != linux || view.has_hid() || view.is_opaque()
        })
        .max_by_key(|identity| (named(identity), std::cmp::Reverse(identity.entry)));
    let seen =
        |field| Seen { source: Source::Usb, location: &view.location, field, value: view.calls_itself() };
    if let Some(identity) = default {
        let name = catalogue.label(identity.entry);
        out.add(
            Weight::IdsAndNames,
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
                let read = view.usb.is_some_and(|usb| usb.manufacturer.is_some() || usb.product.is_some());
                let strings = if read {
                    "its strings are others than it ships with"
                } else {
                    "its strings are not on record"
                };
                out.add(
                    Weight::ExclusiveIds,
                    Seen { value: ids(view), ..seen("idVendor and idProduct") },
                    format!("these ids belong to {name}; {strings}"),
                )
                .say(format!("has the ids of {name}"))
                .of(identity.entry, 300);
            }
            Standing::Bridge if out.has(Heuristic::SerialBridge) => {}
            Standing::Bridge if view.has_hid() || view.is_opaque() => {
                out.add(
                    Weight::BridgeIds,
                    Seen { value: ids(view), ..seen("idVendor and idProduct") },
                    "a chip that turns a serial line from another computer into a keyboard and mouse; simple KVM \
                     switches and kiosk keyboards have it too",
                )
                .say("is a chip that turns another computer's serial line into a keyboard and mouse")
                .of(identity.entry, 100);
            }
            Standing::Injector if !identity.disguise && (named || identity.manufacturer.is_none()) => {
                out.add(
                    Weight::Injector,
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
    let weight = server_room_weight(machine, bmc);
    let why = match machine {
        MachineKind::Server => format!("belongs to {name}, which is expected on a {}", machine.as_str()),
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
    out.add(weight, seen, why).say(format!("belongs to {name}")).of(identity.entry, 200);
}

/// What the server room's hardware weighs on such a machine.
pub(super) const fn server_room_weight(machine: MachineKind, bmc: bool) -> Weight {
    match (machine, bmc) {
        (MachineKind::Server, true) => Weight::ControllerOnServer,
        (MachineKind::Laptop, true) => Weight::ControllerOnLaptop,
        (_, true) => Weight::ControllerElsewhere,
        (MachineKind::Server, false) => Weight::EnterpriseOnServer,
        (MachineKind::Laptop, false) => Weight::EnterpriseOnLaptop,
        (_, false) => Weight::EnterpriseElsewhere,
    }
}

/// Words that no maker uses, under whatever ids: "Logitech (x64)".
fn odd_maker(view: &View<'_>, catalogue: &KvmCatalogue, out: &mut Pieces) {
    let Some(maker) = view.usb.and_then(|usb| usb.manufacturer.as_deref()) else { return };
    let Some(entry) = catalogue.odd_maker(maker) else { return };
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "manufacturer",
        value: maker.to_owned(),
    };
    let name = catalogue.label(entry);
    out.add(Weight::DisguiseMaker, seen, format!("no maker writes its name so: {name}"))
        .say(format!("spells its maker \"{maker}\" as only a disguise does"))
        .of(entry, 300);
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
    // A gadget's product string under a maker's id.
    let gadget_product = identity.product.as_deref() == Some("multifunction usb device");
    if gadget_product && same(identity.product.as_ref(), usb.product.as_deref()) {
        out.add(
            Weight::DisguiseProduct,
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
            Weight::MadeUpSerial,
            seen("serial", &format!("{prefix}…")),
            format!("the real device has no serial; this one begins as a disguise script writes it ({name})"),
        )
        .say(format!("has a serial that begins with {prefix}, which the real device has not"))
        .of(identity.entry, 200);
    }
}

/// Names that are a KVM's own, under whatever ids.
fn known_strings(view: &View<'_>, catalogue: &KvmCatalogue, out: &mut Pieces) {
    if out.at(Weight::IdsAndNames) {
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
            Weight::OwnNames,
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
        out.add(Weight::OwnMaker, seen, format!("the manufacturer string of {name} on an input device"))
            .say(format!("names \"{maker}\" as its maker"))
            .of(entry, 200);
    }
}

fn configuration_string(view: &View<'_>, catalogue: &KvmCatalogue, out: &mut Pieces) {
    let Some(text) = view.usb.and_then(|usb| usb.configuration.as_deref()) else { return };
    let Some(known) = catalogue.configuration(text.trim()) else { return };
    let foreign = view.vendor_id != out.scoring().marks.linux_vendor && !known.home.contains(&view.vendor_id);
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
            Weight::ForeignConfiguration,
            seen,
            format!("{name} keeps this configuration string when its name is changed"),
        )
        .say(format!("has configuration string \"{}\"", text.trim()))
        .of(entry, 300);
    } else {
        out.add(Weight::ConfigurationAtHome, seen, format!("the configuration string of {name}"))
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
            Weight::InstanceId,
            seen("written like a Windows instance id"),
            "Windows makes such texts for devices without a serial; a device that brings one along imitates it",
        )
        .say("has a serial that imitates a Windows instance id");
    }
    let Some(entry) = catalogue.serial(serial).first().copied() else { return };
    let absolute = !view.has_pen() && view.keys().any(CollectionKey::is_absolute_pointer);
    // Honest keyboards have a common serial too: full weight only beside an absolute pointer.
    let common = out.scoring().marks.common_serials.iter().any(|common| common == serial);
    let weight = match (common, view.has_hid()) {
        (true, _) if !view.is_keyboard() => return,
        (true, _) if absolute => Weight::CommonSerialWithPointer,
        (true, _) if view.speed().is_some_and(|speed| speed >= UsbSpeed::High) => {
            Weight::CommonSerialAtHighSpeed
        }
        (true, _) => Weight::CommonSerialKeyboard,
        (false, true) => Weight::ConstantSerialWithHid,
        (false, false) => Weight::ConstantSerialAlone,
    };
    out.add(
        weight,
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
    let marks = &out.scoring().marks;
    // Over the air the same vendor id is BlueZ's: any Linux computer.
    let wired = view.usb.is_some() || view.hids.iter().any(|hid| hid.device.bus == HidBus::Usb);
    if view.vendor_id != marks.linux_vendor || !view.has_hid() || !wired {
        return;
    }
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "idVendor and idProduct",
        value: ids(view),
    };
    if view.product_id == marks.octal_product {
        out.add(
            Weight::Octal,
            seen,
            "0104 read as an octal number: a mistake that early JetKVM units made, and no product's own id",
        )
        .say("has the product id 0044, 0104 misread as octal");
    } else {
        out.add(
            Weight::GadgetIdsWithHid,
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
    let weight = if wrong.len() >= 2 { Weight::SeveralContradictions } else { Weight::OneContradiction };
    let seen = Seen {
        source: Source::Usb,
        location: &view.location,
        field: "descriptors against the genuine device's",
        value: wrong.join("; "),
    };
    out.add(weight, seen, format!("it claims to be a {}", genuine.name))
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
