//! USB descriptors in words: device, configuration, association, interface, HID class, endpoint.

use bearing_descriptors::usb::{
    Configuration, DeviceDescriptor, Endpoint, HidClass, Interface, InterfaceAssociation, Opaque,
    TransferType, UsbDescriptors, UsbError, class_name,
};
use bearing_protocol::fact::UsbSpeed;

use super::sheet::{Place, Section};
use crate::detect::kvm::{InterfaceView, triplet_text};

/// Most configurations that are drawn; devices have one or two.
const MAX_CONFIGURATIONS: usize = 4;
/// Most descriptors without words that are named under one interface.
const MAX_OPAQUE: usize = 8;

pub(super) fn sections(
    descriptors: &UsbDescriptors,
    error: Option<&UsbError>,
    named: &[InterfaceView],
    speed: Option<UsbSpeed>,
) -> Vec<Section> {
    let mut sections = vec![device(&descriptors.device)];
    for (index, configuration) in descriptors.configurations.iter().take(MAX_CONFIGURATIONS).enumerate() {
        // Only the first has its strings read: it is what a device offers at plug-in.
        let named = if index == 0 { named } else { &[] };
        sections.push(self::configuration(configuration, named, speed));
    }
    let ended = error.map(ToString::to_string);
    if let (Some(ended), Some(last)) = (ended, sections.last_mut()) {
        last.say("Ends early", ended);
    }
    sections
}

/// USB 2.0 table 9-8.
fn device(device: &DeviceDescriptor) -> Section {
    let mut out = Section::new("Device descriptor");
    let triplet = (device.class, device.subclass, device.protocol);
    out.say("bcdUSB", release(device.usb_release)).at(2);
    out.say(
        "bDeviceClass",
        format!("{} {}", triplet_text(triplet), class_name(triplet.0, triplet.1, triplet.2)),
    )
    .at(4);
    out.say("bMaxPacketSize0", device.max_packet_size0.to_string()).at(7);
    out.say("idVendor", format!("{:04x}", device.vendor_id)).at(8).is(Place::Ids);
    out.say("idProduct", format!("{:04x}", device.product_id)).at(10);
    out.say("bcdDevice", format!("{:04x}", device.device_release)).at(12).is(Place::Release);
    out.say("iManufacturer", index(device.manufacturer_index)).at(14);
    out.say("iProduct", index(device.product_index)).at(15);
    out.say("iSerialNumber", index(device.serial_index)).at(16);
    out.say("bNumConfigurations", device.configurations.to_string()).at(17);
    out
}

fn configuration(configuration: &Configuration, named: &[InterfaceView], speed: Option<UsbSpeed>) -> Section {
    let mut out = Section::new(format!("Configuration {}", configuration.value));
    // Units of 2 mA up to high speed, 8 mA on SuperSpeed (USB 3.2 table 9-22).
    let unit = if speed >= Some(UsbSpeed::Super) { 8 } else { 2 };
    let attributes = configuration.attributes;
    let mut powers = vec![if attributes & 0x40 == 0 { "bus-powered" } else { "self-powered" }];
    if attributes & 0x20 != 0 {
        powers.push("wakes the computer");
    }
    out.say("wTotalLength", format!("{} bytes", configuration.total_length));
    out.say("bNumInterfaces", configuration.announced_interfaces.to_string());
    out.say("bmAttributes", format!("{attributes:02x}: {}", powers.join(", ")));
    out.say("bMaxPower", format!("{} mA", u16::from(configuration.max_power) * unit));
    out.say("iConfiguration", index(configuration.name_index));
    for association in &configuration.associations {
        out.say("Association", association_words(association));
    }
    opaque(&mut out, &configuration.opaque, 0);
    for interface in &configuration.interfaces {
        let view = named.iter().find(|view| view.number == interface.number && interface.alternate == 0);
        self::interface(&mut out, interface, view);
    }
    out
}

fn association_words(association: &InterfaceAssociation) -> String {
    let triplet = (association.class, association.subclass, association.protocol);
    let last = u16::from(association.first) + u16::from(association.count).saturating_sub(1);
    let what = class_name(triplet.0, triplet.1, triplet.2);
    format!("interfaces {} to {last}, {} {what}", association.first, triplet_text(triplet))
}

fn interface(out: &mut Section, interface: &Interface, view: Option<&InterfaceView>) {
    let triplet = (interface.class, interface.subclass, interface.protocol);
    let what = class_name(triplet.0, triplet.1, triplet.2);
    let alternate = match interface.alternate {
        0 => String::new(),
        number => format!(", alternate setting {number}"),
    };
    let name = view.and_then(|view| view.name.as_deref()).map(super::clean);
    let shown = name.as_ref().map(|name| format!(", \"{name}\"")).unwrap_or_default();
    let words = format!("{what}, {}", name.unwrap_or_default().to_lowercase());
    out.say(
        &format!("Interface {}", interface.number),
        format!("{} {what}{alternate}{shown}", triplet_text(triplet)),
    )
    .is(Place::Interface(words.trim_end_matches([',', ' ']).to_owned()));
    if let Some(hid) = &interface.hid {
        out.say("HID class", hid_words(hid)).deep(1).is(Place::HidClass);
    }
    for endpoint in &interface.endpoints {
        out.say("Endpoint", endpoint_words(endpoint)).deep(1);
    }
    if interface.endpoints.len() != usize::from(interface.announced_endpoints) {
        let announced = interface.announced_endpoints;
        let said = format!("bNumEndpoints says {announced}, {} follow", interface.endpoints.len());
        out.say("Endpoints", said).deep(1);
    }
    opaque(out, &interface.opaque, 1);
}

/// HID 1.11 section 6.2.1.
fn hid_words(hid: &HidClass) -> String {
    let report = hid.report_descriptor_bytes.map_or_else(
        || "no report descriptor announced".to_owned(),
        |bytes| format!("report descriptor of {bytes} bytes"),
    );
    format!("bcdHID {}, bCountryCode {}, {report}", release(hid.hid_release), hid.country)
}

fn endpoint_words(endpoint: &Endpoint) -> String {
    let kind = match endpoint.transfer_type() {
        TransferType::Control => "control",
        TransferType::Isochronous => "isochronous",
        TransferType::Bulk => "bulk",
        TransferType::Interrupt => "interrupt",
    };
    let direction = if endpoint.is_in() { "in" } else { "out" };
    let number = endpoint.address & 0x0f;
    format!(
        "{number} {kind} {direction}, wMaxPacketSize {}, bInterval {}",
        endpoint.packet_bytes(),
        endpoint.interval
    )
}

fn opaque(out: &mut Section, all: &[Opaque], depth: usize) {
    for one in all.iter().take(MAX_OPAQUE) {
        out.say(opaque_name(one.kind), format!("type {:02x}, {} bytes", one.kind, one.body.len() + 2))
            .deep(depth);
    }
    if all.len() > MAX_OPAQUE {
        out.say("Descriptor", format!("and {} more", all.len() - MAX_OPAQUE)).deep(depth);
    }
}

/// USB 3.2 table 9-6; class descriptors by USB CDC 1.2 and others share 0x24 and 0x25.
const fn opaque_name(kind: u8) -> &'static str {
    match kind {
        0x30 => "SuperSpeed endpoint companion",
        0x31 => "SuperSpeedPlus companion",
        0x24 | 0x25 => "Class-specific descriptor",
        _ => "Descriptor",
    }
}

fn index(index: u8) -> String {
    if index == 0 { "none".to_owned() } else { format!("string {index}") }
}

/// `0x0200` as `2.00`.
pub(super) fn release(bcd: u16) -> String {
    format!("{:x}.{:02x}", bcd >> 8, bcd & 0xff)
}
