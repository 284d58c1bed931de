use bearing_descriptors::edid;
use bearing_host::machine::{HardwareNumbers, is_number};
use bearing_protocol::{
    fact::{Display, Facts, Interface, InterfaceKind},
    payload::HardwareItem,
};

use crate::tenant::{Kind, TenantKey};

/// What the machine is made of, as pseudonyms; `None` where nothing of it can be read.
pub(super) fn item(facts: &Facts, numbers: &HardwareNumbers, tenant: &TenantKey) -> Option<HardwareItem> {
    let built_in = |found: &&Interface| {
        matches!(found.kind, InterfaceKind::Ethernet | InterfaceKind::Wifi)
            && found.usb_path.is_none()
            && found.driver.is_some()
    };
    let mut interfaces: Vec<String> = facts
        .network
        .interfaces
        .iter()
        .filter(built_in)
        .filter_map(|found| found.permanent_mac.as_deref())
        .map(|mac| tenant.pseudonym(Kind::Mac, mac))
        .collect();
    interfaces.sort_unstable();
    interfaces.dedup();
    interfaces.truncate(MAX_PARTS);
    let disks = numbers.disks.iter().map(|serial| tenant.pseudonym(Kind::DiskSerial, serial));
    let item = HardwareItem {
        system: numbers.system.as_deref().map(|uuid| tenant.pseudonym(Kind::SystemNumber, uuid)),
        board: numbers.board.as_deref().map(|serial| tenant.pseudonym(Kind::BoardSerial, serial)),
        disks: disks.take(MAX_PARTS).collect(),
        interfaces,
        panel: facts.displays.iter().find_map(|display| panel(display, tenant)),
    };
    (item != HardwareItem::default()).then_some(item)
}

/// The built-in panel, by its model and serial number: makers count anew for each model.
fn panel(display: &Display, tenant: &TenantKey) -> Option<String> {
    let connector = display.connector.to_ascii_lowercase();
    let built_in = ["edp", "lvds", "dsi"].iter().any(|kind| connector.contains(kind));
    let parsed = edid::parse(&display.edid).ok().filter(|_| built_in && display.provenance.is_none())?;
    let text = parsed.serial_text.as_deref().map(str::trim).filter(|text| is_number(text)).map(str::to_owned);
    let number = (parsed.serial_number > 0xffff && parsed.serial_number != 0x0101_0101)
        .then(|| parsed.serial_number.to_string());
    let serial = text.or(number)?;
    let whole = format!("{} {:04x} {serial}", parsed.manufacturer, parsed.product);
    Some(tenant.pseudonym(Kind::DisplaySerial, &whole))
}

/// Most disks and most interfaces.
const MAX_PARTS: usize = 16;
