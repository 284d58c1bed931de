//! A device made of arbitrary bytes, judged and explained: identities, descriptors, a display, a drive.
#![no_main]

use bearing_policies::{
    catalogue::kvm::KvmCatalogue,
    detect::kvm::evaluate_kvm,
    explain::{display_lines, usb_lines},
};
use bearing_protocol::fact::{Display, Facts, HidBus, HidDevice, StorageDevice, UsbDevice, UsbSpeed};

libfuzzer_sys::fuzz_target!(|parts: (Vec<u8>, Vec<u8>, Vec<u8>, String, u16, u16, u16)| {
    let (descriptors, report, edid, text, vendor_id, product_id, device_release) = parts;
    let mut facts = Facts::default();
    let usb_path = Some("1-1".to_owned());
    facts.usb.push(UsbDevice {
        path: "1-1".into(),
        vendor_id,
        product_id,
        device_release,
        manufacturer: Some(text.clone()),
        product: Some(text.clone()),
        serial: Some(text.clone()),
        configuration: Some(text.clone()),
        speed: Some(UsbSpeed::High),
        descriptors,
        ..UsbDevice::default()
    });
    facts.hid.push(HidDevice {
        path: "0003:0000:0000.0001".into(),
        bus: HidBus::Usb,
        vendor_id,
        product_id,
        usb_path: usb_path.clone(),
        report_descriptor: report,
        ..HidDevice::default()
    });
    facts.storage.push(StorageDevice {
        name: "sr0".into(),
        vendor: Some(text.clone()),
        model: Some(text.clone()),
        device_type: Some(5),
        usb_path,
        ..StorageDevice::default()
    });
    facts.displays.push(Display { connector: "card0-HDMI-A-1".into(), edid, ..Display::default() });
    let catalogue = KvmCatalogue::shared();
    let _ = evaluate_kvm(&facts, catalogue);
    let _ = usb_lines("1-1", &facts, catalogue);
    let _ = display_lines("card0-HDMI-A-1", &facts, catalogue);
});
