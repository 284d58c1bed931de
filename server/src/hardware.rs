//! Hardware of a report's inventory, made into facts again: what drawing and learning read.
//!
//! Always: what the inventory does not carry is absent; a serial is a pseudonym and only its presence counts.

use bearing_protocol::{
    fact::{self, Facts},
    payload::{HidItem, UsbInterfaceItem, UsbItem},
};

/// USB devices as facts again, as far as an inventory carries them.
pub fn usb_facts<'a>(items: impl IntoIterator<Item = &'a UsbItem>) -> Facts {
    let mut facts = Facts::default();
    items.into_iter().for_each(|item| add(item, &mut facts));
    facts
}

fn add(item: &UsbItem, facts: &mut Facts) {
    let (vendor_id, product_id) = ids(&item.id);
    facts.usb.push(fact::UsbDevice {
        path: item.path.clone(),
        provenance: item.provenance.clone(),
        vendor_id,
        product_id,
        manufacturer: item.manufacturer.clone(),
        product: item.product.clone(),
        serial: item.serial.clone(),
        configuration: item.configuration.clone(),
        speed: item.speed,
        max_power_ma: item.max_power_ma,
        device_release: item.descriptors.get(12..14).map_or(0, |b| u16::from_le_bytes([b[0], b[1]])),
        descriptors: item.descriptors.clone(),
        interfaces: item.interfaces.iter().enumerate().filter_map(interface).collect(),
        ..fact::UsbDevice::default()
    });
    facts.hid.extend(item.hid.iter().filter(|hid| !hid.report_descriptor.is_empty()).map(|hid: &HidItem| {
        fact::HidDevice {
            path: hid.path.clone(),
            bus: hid.bus,
            vendor_id,
            product_id,
            usb_path: Some(item.path.clone()),
            usb_interface: hid.interface,
            report_descriptor: hid.report_descriptor.clone(),
            ..fact::HidDevice::default()
        }
    }));
    facts.storage.extend(item.drives.iter().map(|words| fact::StorageDevice {
        model: Some(words.clone()),
        usb_path: Some(item.path.clone()),
        ..fact::StorageDevice::default()
    }));
}

fn interface((at, item): (usize, &UsbInterfaceItem)) -> Option<fact::UsbInterface> {
    let byte = |part: Option<&str>| u8::from_str_radix(part?, 16).ok();
    let mut parts = item.class.split('/');
    Some(fact::UsbInterface {
        number: item.number.or_else(|| u8::try_from(at).ok())?,
        class: byte(parts.next())?,
        subclass: byte(parts.next())?,
        protocol: byte(parts.next())?,
        name: item.name.clone(),
        driver: item.driver.clone(),
    })
}

fn ids(text: &str) -> (u16, u16) {
    let number = |part: &str| u16::from_str_radix(part, 16).unwrap_or_default();
    text.split_once(':').map_or((0, 0), |(vendor, product)| (number(vendor), number(product)))
}
