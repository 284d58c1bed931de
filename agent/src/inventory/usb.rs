use bearing_descriptors::hid;
use bearing_policies::catalogue::kvm::KvmCatalogue;
use bearing_protocol::{
    digest::Digest,
    fact::{Facts, HidDevice, UsbDevice, UsbInterface},
    payload::{HidItem, UsbInterfaceItem, UsbItem},
};

use super::{harmless_option, raw::Raw};
use crate::{
    report::harmless,
    tenant::{Kind, TenantKey},
};

/// A USB device as it leaves the machine.
pub(super) fn item(device: &UsbDevice, facts: &Facts, tenant: &TenantKey, raw: Raw) -> UsbItem {
    let hid: Vec<&HidDevice> =
        facts.hid.iter().filter(|hid| hid.usb_path.as_ref() == Some(&device.path)).collect();
    let drives = facts.storage.iter().filter(|drive| drive.usb_path.as_ref() == Some(&device.path));
    UsbItem {
        path: harmless(&device.path),
        parent: harmless_option(device.parent.as_ref()),
        id: format!("{:04x}:{:04x}", device.vendor_id, device.product_id),
        manufacturer: harmless_option(device.manufacturer.as_ref()),
        product: harmless_option(device.product.as_ref()),
        serial: device.serial.as_deref().map(|serial| shown_serial(serial, tenant)),
        configuration: harmless_option(device.configuration.as_ref()),
        speed: device.speed,
        max_power_ma: device.max_power_ma,
        shape: shape(device, &hid),
        descriptors: kept(&device.descriptors, raw),
        provenance: harmless_option(device.provenance.as_ref().filter(|how| *how != "present")),
        interfaces: device.interfaces.iter().take(MAX_PARTS).map(interface).collect(),
        hid: hid.iter().take(MAX_PARTS).map(|hid| describe(hid, raw)).collect(),
        drives: drives
            .take(MAX_PARTS)
            .map(|drive| {
                let parts =
                    [&drive.vendor, &drive.model, &drive.revision].map(|p| p.as_deref().unwrap_or(""));
                harmless(&parts.map(str::trim).join(" "))
            })
            .collect(),
    }
}

/// In clear where every unit of a product has the same, else a pseudonym.
fn shown_serial(serial: &str, tenant: &TenantKey) -> String {
    if KvmCatalogue::shared().serial(serial).is_empty() {
        tenant.pseudonym(Kind::UsbSerial, serial)
    } else {
        harmless(serial)
    }
}

/// What the device is, apart from its strings: its descriptors and report descriptors, in order.
fn shape(device: &UsbDevice, hid: &[&HidDevice]) -> Option<Digest> {
    if device.descriptors.is_empty() {
        return None;
    }
    let mut bytes = device.descriptors.clone();
    for hid in hid {
        bytes.extend_from_slice(&hid.report_descriptor);
    }
    Some(Digest::of(&bytes))
}

fn kept(bytes: &[u8], raw: Raw) -> Vec<u8> {
    match raw {
        Raw::Kept => bytes.to_vec(),
        Raw::Digest => Vec::new(),
    }
}

fn interface(interface: &UsbInterface) -> UsbInterfaceItem {
    UsbInterfaceItem {
        number: Some(interface.number),
        class: format!("{:02x}/{:02x}/{:02x}", interface.class, interface.subclass, interface.protocol),
        name: harmless_option(interface.name.as_ref()),
        driver: harmless_option(interface.driver.as_ref()),
    }
}

fn describe(device: &HidDevice, raw: Raw) -> HidItem {
    let bytes = &device.report_descriptor;
    let (parsed, _) = hid::parse_prefix(bytes);
    HidItem {
        path: harmless(&device.path),
        interface: device.usb_interface,
        report_descriptor: kept(bytes, raw),
        bus: device.bus,
        digest: (!bytes.is_empty()).then(|| Digest::of(bytes)),
        length: bytes.len(),
        collections: parsed.keys().iter().take(MAX_PARTS).map(in_words).collect(),
    }
}

/// "absolute mouse, 3 buttons, wheel".
fn in_words(key: &hid::CollectionKey) -> String {
    let (page, usage) = key.usage;
    let mut words = hid::usage_name(page, usage).to_lowercase();
    if key.is_pointer() {
        let kind = if key.x.is_some_and(|axis| axis.absolute) { "absolute" } else { "relative" };
        words = format!("{kind} {words}");
        if key.buttons > 0 {
            words.push_str(&format!(", {} buttons", key.buttons));
        }
        if key.wheel {
            words.push_str(", wheel");
        }
    } else if key.keys > 0 {
        words.push_str(&format!(", {} keys", key.keys));
    }
    words
}

/// Most interfaces, report descriptors and drives of one device that leave the machine.
const MAX_PARTS: usize = 32;
