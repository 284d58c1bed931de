//! What the made-up devices have plugged in; one of them the descriptors of a PiKVM as a kernel read them.

use bearing_protocol::{
    fact::{HidBus, UsbSpeed},
    payload::{DisplayItem, HidItem, InventoryValue, PlaceItem, SoftwareItem, UsbInterfaceItem, UsbItem},
};

use super::devices::Kind;

macro_rules! captured {
    ($path:literal) => {
        include_bytes!(concat!(
            "../../../captures/pikvm-default/sys/devices/platform/dummy_hcd.0/usb3/3-1/",
            $path
        ))
    };
}

const PIKVM_DESCRIPTORS: &[u8] = captured!("descriptors");
const PIKVM_REPORTS: [(&str, &[u8]); 3] = [
    ("0003:1D6B:0104.0007", captured!("3-1:1.0/0003:1D6B:0104.0007/report_descriptor")),
    ("0003:1D6B:0104.0008", captured!("3-1:1.1/0003:1D6B:0104.0008/report_descriptor")),
    ("0003:1D6B:0104.0009", captured!("3-1:1.2/0003:1D6B:0104.0009/report_descriptor")),
];

fn pikvm_edid() -> Vec<u8> {
    let text = include_str!("../../../protocol/descriptors/captures/edid-pikvm-v2.hex");
    hex::decode(text.split_whitespace().collect::<String>()).unwrap_or_default()
}

pub(super) fn hardware(kinds: &[Kind]) -> Vec<InventoryValue> {
    let usb = |path: &str, parent: Option<&str>, id: &str, maker: &str, product: &str| UsbItem {
        path: path.into(),
        parent: parent.map(Into::into),
        id: id.into(),
        manufacturer: Some(maker.into()),
        product: Some(product.into()),
        speed: Some(UsbSpeed::High),
        max_power_ma: Some(100),
        ..UsbItem::default()
    };
    let interface = |class: &str, driver: &str| UsbInterfaceItem {
        number: None,
        class: class.into(),
        name: None,
        driver: Some(driver.into()),
    };
    let hid = |words: &str| HidItem {
        bus: HidBus::Usb,
        length: 63,
        collections: vec![words.into()],
        ..HidItem::default()
    };
    let mut all = vec![
        InventoryValue::Usb(UsbItem {
            interfaces: vec![interface("09/00/00", "hub")],
            ..usb("usb1", None, "1d6b:0002", "Linux Foundation", "2.0 root hub")
        }),
        InventoryValue::Usb(UsbItem {
            interfaces: vec![interface("0e/01/00", "uvcvideo")],
            ..usb("1-4", Some("usb1"), "04f2:b6d0", "Chicony", "Integrated Camera")
        }),
        InventoryValue::Usb(UsbItem {
            interfaces: vec![interface("09/00/00", "hub")],
            ..usb("1-2", Some("usb1"), "0bda:5411", "Realtek", "4-Port USB 2.0 Hub")
        }),
        InventoryValue::Usb(UsbItem {
            interfaces: vec![interface("03/01/02", "usbhid")],
            hid: vec![hid("mouse, relative pointer, 5 buttons, wheel")],
            ..usb("1-2.1", Some("1-2"), "046d:c077", "Logitech", "USB Optical Mouse")
        }),
        InventoryValue::Display(DisplayItem {
            connector: "card0-eDP-1".into(),
            connected: Some(true),
            id: Some("LGD 05f1".into()),
            name: Some("LP140WF9".into()),
            size_cm: Some((31, 17)),
            preferred_mode: Some("1920x1080".into()),
            ..DisplayItem::default()
        }),
        InventoryValue::Display(DisplayItem {
            connector: "card0-DP-1".into(),
            connected: Some(true),
            id: Some("DEL a0ec".into()),
            name: Some("DELL U2715H".into()),
            size_cm: Some((60, 34)),
            preferred_mode: Some("2560x1440".into()),
            ..DisplayItem::default()
        }),
        InventoryValue::Display(DisplayItem {
            connector: "card0-HDMI-A-1".into(),
            connected: Some(false),
            ..DisplayItem::default()
        }),
        InventoryValue::Place(PlaceItem {
            time_zone: Some(
                if kinds.contains(&Kind::Zone) { "Asia/Shanghai" } else { "Europe/Berlin" }.into(),
            ),
            time_zone_automatic: Some(!kinds.contains(&Kind::Zone)),
            default_route_tunnel: Some(kinds.contains(&Kind::Tunnel)),
            ..PlaceItem::default()
        }),
    ];
    if kinds.contains(&Kind::PiKvm) {
        all.push(InventoryValue::Usb(UsbItem {
            interfaces: [("03/01/01", "usbhid"), ("03/00/00", "usbhid"), ("03/00/00", "usbhid")]
                .into_iter()
                .zip(0..)
                .map(|((class, driver), number)| UsbInterfaceItem {
                    number: Some(number),
                    ..interface(class, driver)
                })
                .collect(),
            hid: PIKVM_REPORTS
                .into_iter()
                .zip(0..)
                .map(|((path, report), number)| HidItem {
                    path: path.into(),
                    interface: Some(number),
                    report_descriptor: report.to_vec(),
                    ..hid("keyboard or pointer")
                })
                .collect(),
            drives: vec!["PiKVM CD-ROM Drive 0606".into()],
            max_power_ma: Some(250),
            descriptors: PIKVM_DESCRIPTORS.to_vec(),
            ..usb("1-2.3", Some("1-2"), "1d6b:0104", "PiKVM", "PiKVM Composite Device")
        }));
        all.push(InventoryValue::Display(DisplayItem {
            connector: "card0-HDMI-A-2".into(),
            connected: Some(true),
            id: Some("LNX 7770".into()),
            name: Some("PiKVM".into()),
            size_cm: Some((53, 30)),
            preferred_mode: Some("1280x720".into()),
            edid: pikvm_edid(),
            ..DisplayItem::default()
        }));
    } else {
        all.push(InventoryValue::Usb(UsbItem {
            interfaces: vec![interface("03/01/01", "usbhid")],
            hid: vec![hid("keyboard")],
            ..usb("1-2.3", Some("1-2"), "413c:2113", "Dell", "Dell KB216 Wired Keyboard")
        }));
    }
    if kinds.contains(&Kind::AnyDesk) {
        all.push(InventoryValue::Software(SoftwareItem {
            product: "anydesk".into(),
            version: Some("6.4.0".into()),
            states: vec!["installed".into(), "starts".into(), "running".into()],
            ..SoftwareItem::default()
        }));
    }
    all
}
