//! The compact inventory: what of the facts leaves the machine beside the findings, where policy asks for it.
//!
//! Always: serial numbers and hardware addresses only as pseudonyms, a serial in clear only where the catalogue
//! knows it as a constant of a product; no address, no argument, no account, no path of a person.

mod display;
mod first_installs;
mod hardware;
mod place;
mod raw;
mod software;
mod usb;

use std::sync::Arc;

use bearing_host::{
    Root,
    machine::{HardwareNumbers, hardware_numbers},
};
use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{
    Timestamp,
    coverage::Source,
    fact::Facts,
    payload::{AnchorRoundTrip, InventoryValue},
    rule::Family,
};

use crate::{
    colleagues::Colleagues, report::harmless, rounds::Rounds, state::StateDirectory, tenant::TenantKey,
};

/// What is known beside the facts.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Numbers of the hardware.
    pub numbers: HardwareNumbers,
    /// The organisation's own interfaces.
    pub colleagues: Arc<Colleagues>,
    /// Least round trips to anchors.
    pub anchors: Vec<AnchorRoundTrip>,
}

impl Beside {
    /// What lies beside the facts of `root`; `state` where that is this machine.
    pub fn of(root: &Root, state: Option<&StateDirectory>, policy: &Policy, now: Timestamp) -> Self {
        let rounds = state.map(|state| Rounds::load(state, now, tokio::time::Instant::now()));
        Self {
            numbers: hardware_numbers(root),
            colleagues: state.map(Colleagues::load).unwrap_or_default().into(),
            anchors: rounds.map(|rounds| rounds.anchors(policy.anchors(), now)).unwrap_or_default(),
        }
    }
}

/// Everything that policy lets out; nothing where it switches the inventory off.
pub fn take(
    facts: &Facts,
    catalogue: &Catalogue,
    policy: &Policy,
    tenant: &TenantKey,
    beside: &Beside,
) -> Vec<(Source, InventoryValue)> {
    if !policy.inventory_is_on() {
        return Vec::new();
    }
    let raw = raw::within_budget(facts);
    let usb = facts
        .usb
        .iter()
        .filter(|device| !is_remembered(device.provenance.as_deref()))
        .map(|device| InventoryValue::Usb(usb::item(device, facts, tenant, raw.usb(device))));
    let displays = facts
        .displays
        .iter()
        .filter(|shown| !is_remembered(shown.provenance.as_deref()))
        .map(|shown| InventoryValue::Display(display::item(shown, tenant, raw.display(shown))));
    let mut software = software::items(facts, catalogue);
    software::add_bindings(&mut software, facts, catalogue, tenant);
    let software = software.into_iter().map(InventoryValue::Software);
    let places = policy.family_is_on(Family::Location) || policy.family_is_on(Family::Farm);
    let place = places.then(|| InventoryValue::Place(place::item(facts, catalogue, tenant, beside)));
    let compares = policy.family_is_on(Family::Farm) || policy.family_is_on(Family::OsTampering);
    let hardware = (compares && policy.source_is_on(Source::Machine))
        .then(|| hardware::item(facts, &beside.numbers, tenant))
        .flatten();
    let first = policy.family_is_on(Family::Farm).then(|| first_installs::item(facts, tenant)).flatten();
    let place = place.map(|item| (Source::TimeZone, item));
    let hardware = hardware.map(|item| (Source::Machine, InventoryValue::Hardware(item)));
    let first = first.map(|item| (Source::Packages, InventoryValue::FirstInstalls(item)));
    place
        .into_iter()
        .chain(hardware)
        .chain(first)
        .chain(usb.map(|item| (Source::Usb, item)))
        .chain(displays.map(|item| (Source::Displays, item)))
        .chain(software.map(|item| (Source::Packages, item)))
        .collect()
}

/// Whether something is known only from this machine's own memory. When somebody unplugs what is theirs is nobody's
/// business: such a device leaves as evidence of a finding or not at all.
fn is_remembered(provenance: Option<&str>) -> bool {
    const MEMORIES: [&str; 5] = ["journal", "systemd-journal", "kernel-log", "udev-database", "usbguard"];
    provenance.is_some_and(|how| MEMORIES.contains(&how))
}

fn harmless_option(text: Option<&String>) -> Option<String> {
    text.map(|text| harmless(text))
}

#[cfg(test)]
mod tests;
