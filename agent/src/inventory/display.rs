use bearing_descriptors::edid;
use bearing_protocol::{fact::Display, payload::DisplayItem};

use super::raw::Raw;
use crate::{
    report::harmless,
    tenant::{Kind, TenantKey},
};

/// A display as it leaves the machine.
pub(super) fn item(display: &Display, tenant: &TenantKey, raw: Raw) -> DisplayItem {
    let plain = DisplayItem {
        connector: harmless(&display.connector),
        connected: display.connected,
        ..DisplayItem::default()
    };
    let Ok(parsed) = edid::parse(&display.edid) else { return plain };
    let serial = parsed.serial_text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let serial = serial
        .map(str::to_owned)
        .or_else(|| (parsed.serial_number != 0).then(|| parsed.serial_number.to_string()));
    DisplayItem {
        id: Some(harmless(&format!("{} {:04x}", parsed.manufacturer, parsed.product))),
        name: parsed.name.as_deref().map(harmless),
        serial: serial.map(|serial| tenant.pseudonym(Kind::DisplaySerial, &serial)),
        size_cm: (parsed.size_cm != (0, 0)).then_some(parsed.size_cm),
        preferred_mode: parsed.preferred.as_ref().map(|mode| format!("{}x{}", mode.width, mode.height)),
        shape: format!("sha256:{}", parsed.shape_sha256).parse().ok(),
        edid: match raw {
            Raw::Kept => edid::without_personal(&display.edid),
            Raw::Digest => Vec::new(),
        },
        ..plain
    }
}
