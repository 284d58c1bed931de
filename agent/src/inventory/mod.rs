//! The compact inventory: what of the facts leaves the machine beside the findings, where policy asks for it.
//!
//! Always: serial numbers and hardware addresses only as pseudonyms, a serial in clear only where the catalogue
//! knows it as a constant of a product; no address, no argument, no account, no path of a person.

mod display;
mod place;
mod raw;
mod software;
mod usb;

use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{coverage::Source, fact::Facts, payload::InventoryValue};

use crate::{report::harmless, tenant::TenantKey};

/// Everything that policy lets out; nothing where it switches the inventory off.
pub fn take(
    facts: &Facts,
    catalogue: &Catalogue,
    policy: &Policy,
    tenant: &TenantKey,
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
    let place = InventoryValue::Place(place::item(facts, tenant));
    std::iter::once((Source::TimeZone, place))
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
