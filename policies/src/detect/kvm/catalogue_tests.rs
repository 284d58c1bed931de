//! Every device of the catalogue, made from its own entry: as it is sold, under a maker's names, its displays, and the
//! nearest honest thing beside it. The table is for people; what must hold is asserted by what the entry may say.

use std::fmt::Write as _;

use bearing_protocol::{
    fact::{Display, Facts, MachineKind, UsbSpeed},
    severity::Severity,
};

use super::{
    evaluate_kvm,
    gadget_form::{Part, Shape},
    mutation_tests::{KEYBOARD, MOUSE},
};
use crate::{
    catalogue::kvm::{
        KvmCatalogue,
        form::{DeviceForm, IdentityForm, Standing, Trust},
    },
    embedded, source_text,
};

pub(super) fn devices() -> Vec<DeviceForm> {
    let mut devices: Vec<DeviceForm> = embedded::KVM
        .iter()
        .filter(|(path, _)| path.matches('/').count() == 2 && !path.ends_with("scoring.toml"))
        .map(|(path, text)| source_text::parse(path, text).unwrap())
        .collect();
    devices.sort_by_key(|device: &DeviceForm| device.order);
    devices
}

fn gravest(facts: &Facts) -> Option<Severity> {
    evaluate_kvm(facts, KvmCatalogue::shared()).findings.iter().filter_map(|draft| draft.severity).max()
}

fn hex16(text: Option<&String>) -> Option<u16> {
    u16::from_str_radix(text?.trim_start_matches("0x"), 16).ok()
}

/// What the device does, from its descriptors or else from its interface list.
fn parts(device: &DeviceForm, identity: Option<&IdentityForm>) -> Vec<Part> {
    let whole = device.report_descriptor.iter().filter(|d| !d.fragment && d.confidence != Trust::Unverified);
    let mut parts: Vec<Part> = whole
        .map(|descriptor| {
            let bytes = hex::decode(&descriptor.hex).unwrap();
            let (subclass, protocol) = match descriptor.role.as_str() {
                role if role.contains("keyboard") => (1, 1),
                role if role.contains("relative") => (1, 2),
                _ => (0, 0),
            };
            Part::Hid(bytes, subclass, protocol)
        })
        .collect();
    let listed = identity.map(|identity| identity.interfaces.as_slice()).unwrap_or_default();
    if parts.is_empty() {
        for triplet in listed.iter().filter(|triplet| triplet.starts_with("03")) {
            parts.push(match triplet.rsplit('/').next() {
                Some("02") => Part::Hid(MOUSE.to_vec(), 1, 2),
                _ => Part::Hid(KEYBOARD.to_vec(), 1, 1),
            });
        }
    }
    for inquiry in device.inquiry.iter().filter(|inquiry| inquiry.confidence != Trust::Unverified).take(1) {
        let vendor = inquiry.vendor.clone().unwrap_or_else(|| "Acme".into());
        let revision = inquiry.revision.clone().unwrap_or_default();
        parts.push(Part::Drive(
            vendor,
            inquiry.product.clone(),
            revision,
            inquiry.product.contains("Optical"),
        ));
    }
    parts
}

/// The device as it is sold, on a machine of `kind`.
fn as_sold(device: &DeviceForm, identity: &IdentityForm, kind: MachineKind) -> Option<Facts> {
    let ids = (hex16(identity.vendor_id.as_ref())?, hex16(identity.product_id.as_ref())?);
    let text = |text: &Option<String>| text.clone();
    let gadget = identity.speed.as_deref() != Some("full");
    let parts = parts(device, Some(identity));
    let shape = if gadget { Shape::gadget(parts) } else { Shape::own_firmware(parts) };
    let shape = Shape {
        ids,
        names: (text(&identity.manufacturer), text(&identity.product)),
        serial: text(&identity.serial),
        configuration: text(&identity.configuration),
        device_release: hex16(identity.device_release.as_ref()).unwrap_or(0x0100),
        machine: kind,
        ..shape
    };
    Some(shape.facts())
}

fn displays(device: &DeviceForm, kind: MachineKind) -> Option<Severity> {
    let with_bytes = device.edid.iter().filter(|edid| edid.confidence != Trust::Unverified);
    with_bytes
        .filter_map(|edid| hex::decode(edid.hex.as_ref()?).ok())
        .filter_map(|bytes| {
            let mut facts = Facts::default();
            facts.machine.kind = kind;
            facts.displays.push(Display {
                connector: "card0-HDMI-A-1".into(),
                connected: Some(true),
                enabled: Some(true),
                edid: bytes,
                ..Display::default()
            });
            gravest(&facts)
        })
        .max()
}

fn word(severity: Option<Option<Severity>>) -> &'static str {
    match severity {
        None => "-",
        Some(None) => "nothing",
        Some(Some(severity)) => severity.as_str(),
    }
}

fn own(device: &DeviceForm) -> impl Iterator<Item = &IdentityForm> {
    device.identity.iter().filter(|identity| {
        identity.confidence != Some(Trust::Unverified)
            && identity.side.as_deref() != Some("operator")
            && !identity.disguise
            && (identity.manufacturer.is_some() || identity.product.is_some() || identity.exclusive)
    })
}

#[test]
fn every_device_of_the_catalogue() {
    let mut table = String::new();
    writeln!(
        table,
        "{:<26} {:<11} {:<14} {:<14} {:<14} {:<14} neighbour",
        "device", "standing", "as sold", "on a server", "renamed", "display"
    )
    .unwrap();
    let devices = devices();
    assert_eq!(devices.len(), 67);
    for device in &devices {
        let sold = |kind| {
            own(device)
                .filter_map(|identity| as_sold(device, identity, kind))
                .map(|facts| gravest(&facts))
                .max()
        };
        let built = parts(device, device.identity.first());
        let renamed = (!built.is_empty()).then(|| {
            let full = device.identity.iter().any(|identity| identity.speed.as_deref() == Some("full"));
            gravest(&if full { Shape::own_firmware(built) } else { Shape::gadget(built) }.facts())
        });
        // The nearest honest thing: what it pretends to be, built as makers build it.
        let neighbour =
            Shape::own_firmware(vec![Part::Hid(KEYBOARD.to_vec(), 1, 1), Part::Hid(MOUSE.to_vec(), 1, 2)]);
        let neighbour = gravest(&Shape { speed: Some(UsbSpeed::Full), ..neighbour }.facts());
        assert_eq!(neighbour, None);
        let standing = format!("{:?}", device.standing).to_lowercase();
        writeln!(
            table,
            "{:<26} {standing:<11} {:<14} {:<14} {:<14} {:<14} {}",
            device.id,
            word(sold(MachineKind::Laptop)),
            word(sold(MachineKind::Server)),
            word(renamed),
            word(displays(device, MachineKind::Laptop).map(Some)),
            word(Some(neighbour)),
        )
        .unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn as_it_is_sold_a_device_comes_to_what_its_standing_allows() {
    for device in devices() {
        for identity in own(&device) {
            let standing = identity.standing.unwrap_or(device.standing);
            let Some(facts) = as_sold(&device, identity, MachineKind::Laptop) else { continue };
            let found = gravest(&facts);
            let wanted = match standing {
                Standing::Kvm if identity.manufacturer.is_some() || identity.product.is_some() => {
                    Some(Severity::Critical)
                }
                Standing::Kvm => Some(Severity::High),
                Standing::Bridge | Standing::Injector | Standing::Enterprise | Standing::Bmc => {
                    Some(Severity::Medium)
                }
                _ => None,
            };
            assert!(found >= wanted, "{} {:?}: {found:?}, want {wanted:?}", device.id, identity.product);
        }
    }
}

#[test]
fn a_server_s_own_hardware_is_informational_there() {
    for device in devices().iter().filter(|device| device.standing == Standing::Bmc) {
        for identity in own(device) {
            if let Some(facts) = as_sold(device, identity, MachineKind::Server) {
                assert!(
                    gravest(&facts) <= Some(Severity::Informational),
                    "{} {:?}",
                    device.id,
                    gravest(&facts)
                );
            }
        }
    }
}
