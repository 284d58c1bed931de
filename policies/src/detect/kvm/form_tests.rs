//! Every product of the catalogue under foreign names, whole and with functions switched off, as the kernel's gadget
//! code would show it: what is found of each form, as a table that people review.

use std::fmt::Write as _;

use bearing_protocol::{
    fact::{Facts, HidBus, HidDevice, MachineKind, StorageDevice, UsbDevice, UsbInterface, UsbSpeed},
    severity::Severity,
};

use super::evaluate_kvm;
use crate::{
    catalogue::kvm::{
        KvmCatalogue,
        form::{DescriptorForm, DeviceForm, Standing},
    },
    embedded, source_text,
};

/// What a form keeps.
struct Form {
    name: &'static str,
    keyboard: bool,
    absolute: bool,
    relative: bool,
    drive: bool,
}

const FORMS: [Form; 7] = [
    Form { name: "whole", keyboard: true, absolute: true, relative: true, drive: true },
    Form { name: "no drive", keyboard: true, absolute: true, relative: true, drive: false },
    Form { name: "keyboard, absolute", keyboard: true, absolute: true, relative: false, drive: false },
    Form { name: "keyboard, relative", keyboard: true, absolute: false, relative: true, drive: false },
    Form { name: "absolute only", keyboard: false, absolute: true, relative: false, drive: false },
    Form { name: "keyboard only", keyboard: true, absolute: false, relative: false, drive: false },
    Form { name: "relative only", keyboard: false, absolute: false, relative: true, drive: false },
];

pub(super) fn products() -> Vec<DeviceForm> {
    let mut products: Vec<DeviceForm> = embedded::KVM
        .iter()
        .filter(|(path, _)| {
            !path.contains("/genuine/")
                && !path.contains("/context/")
                && !path.contains("/anti-idle/")
                && !path.ends_with("scoring.toml")
        })
        .map(|(path, text)| source_text::parse(path, text).unwrap())
        .filter(|device: &DeviceForm| {
            device.standing == Standing::Kvm && !device.report_descriptor.is_empty()
        })
        .collect();
    products.sort_by_key(|device| device.order);
    products
}

pub(super) fn descriptor<'a>(device: &'a DeviceForm, word: &str) -> Option<&'a DescriptorForm> {
    device.report_descriptor.iter().find(|descriptor| descriptor.role.contains(word) && !descriptor.fragment)
}

/// The device as a host sees it, under a keyboard maker's ids and names.
fn disguised(device: &DeviceForm, form: &Form, speed: UsbSpeed, gadget: bool) -> Option<Facts> {
    let mut chosen: Vec<(&DescriptorForm, u8, u8)> = Vec::new();
    let mut choose = |wanted: bool, word: &str, subclass: u8, protocol: u8| {
        if wanted {
            chosen.push((descriptor(device, word)?, subclass, protocol));
        }
        Some(())
    };
    choose(form.keyboard, "keyboard", 1, 1)?;
    choose(form.absolute, "absolute", 0, 0)?;
    choose(form.relative, "relative", 1, 2)?;
    let mut facts = Facts::default();
    facts.machine.kind = MachineKind::Laptop;
    let (interval, release) = match (gadget, speed) {
        (true, UsbSpeed::High) => (4, 0x01),
        (true, _) => (10, 0x01),
        (false, _) => (1, 0x11),
    };
    let mut body = Vec::new();
    let mut interfaces = Vec::new();
    for (number, (descriptor, subclass, protocol)) in (0_u8..).zip(&chosen) {
        let bytes = hex::decode(&descriptor.hex).unwrap();
        let length = u8::try_from(bytes.len()).unwrap();
        let report = bearing_descriptors::hid::parse(&bytes).unwrap().longest_input_report().unwrap();
        body.extend([9, 4, number, 0, 1, 3, *subclass, *protocol, u8::from(gadget) * 4]);
        body.extend([9, 0x21, release, 0x01, 0, 1, 0x22, length, 0]);
        body.extend([7, 5, 0x81 + number, 3, u8::try_from(report).unwrap(), 0, interval]);
        interfaces.push(UsbInterface {
            number,
            class: 3,
            subclass: *subclass,
            protocol: *protocol,
            name: gadget.then(|| "HID Interface".to_owned()),
            driver: None,
        });
        facts.hid.push(HidDevice {
            path: format!("0003:046D:C31C.{number:04}"),
            bus: HidBus::Usb,
            vendor_id: 0x046d,
            product_id: 0xc31c,
            usb_path: Some("1-1".into()),
            usb_interface: Some(number),
            report_descriptor: bytes,
            ..HidDevice::default()
        });
    }
    if form.drive {
        let number = u8::try_from(interfaces.len()).unwrap();
        body.extend([9, 4, number, 0, 0, 8, 6, 0x50, 0]);
        interfaces.push(UsbInterface {
            number,
            class: 8,
            subclass: 6,
            protocol: 0x50,
            ..UsbInterface::default()
        });
        facts.storage.push(StorageDevice {
            name: "sda".into(),
            vendor: Some("Logitech".into()),
            model: Some("Storage".into()),
            device_type: Some(0),
            usb_path: Some("1-1".into()),
            ..StorageDevice::default()
        });
    }
    let total = u16::try_from(body.len() + 9).unwrap();
    let mut descriptors =
        vec![18, 1, 0, 2, 0, 0, 0, 64, 0x6d, 0x04, 0x1c, 0xc3, 0x00, 0x64, 1, 2, 0, 1, 9, 2];
    descriptors.extend(total.to_le_bytes());
    descriptors.extend([u8::try_from(interfaces.len()).unwrap(), 1, 0, 0xa0, 50]);
    descriptors.extend(body);
    facts.usb.push(UsbDevice {
        path: "1-1".into(),
        vendor_id: 0x046d,
        product_id: 0xc31c,
        device_release: 0x6400,
        usb_release: Some(0x0200),
        class: Some((0, 0, 0)),
        manufacturer: Some("Logitech".into()),
        product: Some("USB Keyboard".into()),
        speed: Some(speed),
        max_power_ma: Some(100),
        attributes: Some(0xa0),
        interfaces,
        descriptors,
        ..UsbDevice::default()
    });
    Some(facts)
}

fn severity(device: &DeviceForm, form: &Form, speed: UsbSpeed, gadget: bool) -> Option<Option<Severity>> {
    let facts = disguised(device, form, speed, gadget)?;
    Some(evaluate_kvm(&facts, KvmCatalogue::shared()).findings.first().and_then(|draft| draft.severity))
}

#[test]
fn every_product_and_form_under_foreign_names() {
    let mut table = String::new();
    writeln!(table, "{:<24} {:<20} {:<14} {:<14} own firmware", "product", "form", "480 Mb/s", "12 Mb/s")
        .unwrap();
    for device in products() {
        for form in &FORMS {
            let cell = |speed, gadget| match severity(&device, form, speed, gadget) {
                None => "-",
                Some(None) => "nothing",
                Some(Some(severity)) => severity.as_str(),
            };
            let high = cell(UsbSpeed::High, true);
            if high == "-" {
                continue;
            }
            let (full, other) = (cell(UsbSpeed::Full, true), cell(UsbSpeed::Full, false));
            writeln!(table, "{:<24} {:<20} {high:<14} {full:<14} {other}", device.id, form.name).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn no_form_of_linux_s_gadget_code_at_high_speed_stays_below_high() {
    for device in products() {
        for form in &FORMS {
            if let Some(found) = severity(&device, form, UsbSpeed::High, true) {
                assert!(found >= Some(Severity::High), "{} {}: {found:?}", device.id, form.name);
            }
        }
    }
}

#[test]
fn every_high_trust_pointer_is_high_without_a_single_mark() {
    for device in products() {
        let high_trust = descriptor(&device, "absolute")
            .is_some_and(|d| d.trust == crate::catalogue::kvm::Distinctive::High);
        let form = FORMS.iter().find(|form| form.name == "keyboard, absolute").unwrap();
        if let (true, Some(found)) = (high_trust, severity(&device, form, UsbSpeed::Full, false)) {
            assert!(found >= Some(Severity::High), "{}: {found:?}", device.id);
        }
    }
}
