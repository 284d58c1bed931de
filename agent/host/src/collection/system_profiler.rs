//! `system_profiler SPUSBDataType -xml`: USB devices as macOS's own report shows them.
//!
//! Always: names are what the device says; interfaces and descriptors are not in this report.
//! Facts: the report's own keys (`vendor_id`, `product_id`, `bcd_device`, `device_speed`, `location_id`).

use bearing_protocol::fact::{UsbDevice, UsbSpeed};

use super::plist::Value;

/// Devices of a report; `None` where the property list is another.
pub fn devices(root: &Value) -> Option<Vec<UsbDevice>> {
    let reports = root.list();
    let usb = |report: &&Value| {
        matches!(report.get("_dataType").and_then(Value::text), Some("SPUSBDataType" | "SPUSBHostDataType"))
    };
    let mut pending: Vec<&Value> = reports.iter().filter(usb).collect();
    if pending.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    while let Some(item) = pending.pop() {
        pending.extend(item.get("_items").map(Value::list).unwrap_or_default().iter().rev());
        if let Some(device) = device(item)
            && out.len() < MAX_DEVICES
        {
            out.push(device);
        }
    }
    Some(out)
}

fn device(item: &Value) -> Option<UsbDevice> {
    let text = |name: &str| item.get(name).and_then(Value::text);
    let word = |text: &str| {
        let hex = text.trim().strip_prefix("0x")?;
        u16::from_str_radix(hex.split([' ', '(']).next()?, 16).ok()
    };
    let vendor = text("vendor_id")?;
    // The report writes Apple's own id as a word.
    let vendor_id = if vendor == "apple_vendor_id" { APPLE } else { word(vendor)? };
    let release = text("bcd_device").and_then(|text| {
        let (high, low) = text.trim().split_once('.')?;
        let byte = |text: &str| (text.len() <= 2).then(|| u16::from_str_radix(text, 16).ok()).flatten();
        Some(byte(high)? << 8 | byte(low)?)
    });
    let location = text("location_id").and_then(|text| text.split(['/', ' ']).next()?.strip_prefix("0x"));
    let owned = |name: &str| text(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(UsbDevice {
        path: location.map_or_else(|| format!("{vendor_id:04x}"), str::to_lowercase),
        vendor_id,
        product_id: word(text("product_id")?)?,
        device_release: release.unwrap_or_default(),
        manufacturer: owned("manufacturer"),
        product: owned("_name"),
        serial: owned("serial_num"),
        speed: text("device_speed").and_then(|speed| match speed {
            "low_speed" => Some(UsbSpeed::Low),
            "full_speed" => Some(UsbSpeed::Full),
            "high_speed" => Some(UsbSpeed::High),
            "super_speed" => Some(UsbSpeed::Super),
            "super_speed_plus" => Some(UsbSpeed::SuperPlus),
            _ => None,
        }),
        ..UsbDevice::default()
    })
}

const APPLE: u16 = 0x05ac;
const MAX_DEVICES: usize = 4_096;
