//! What holds whatever a unit calls itself: every product of the catalogue with ids, names, serial, power, order,
//! speed and functions changed, and honest neighbours with the same changes.

use std::sync::LazyLock;

use bearing_protocol::{
    fact::{MachineKind, UsbSpeed},
    severity::Severity,
};
use proptest::prelude::*;

use super::{
    evaluate_kvm,
    form_tests::{descriptor, products},
    gadget_form::{Part, Shape},
};
use crate::catalogue::kvm::{Distinctive, KvmCatalogue, form::DeviceForm};

static PRODUCTS: LazyLock<Vec<DeviceForm>> = LazyLock::new(products);
static NEIGHBOURS: LazyLock<Vec<(&str, Shape)>> = LazyLock::new(neighbours);

fn severity(shape: &Shape) -> Option<Severity> {
    evaluate_kvm(&shape.facts(), KvmCatalogue::shared()).findings.first().and_then(|draft| draft.severity)
}

fn hid(device: &DeviceForm, word: &str) -> Option<(Part, Distinctive)> {
    let found = descriptor(device, word)?;
    let (subclass, protocol) = match word {
        "keyboard" => (1, 1),
        "relative" => (1, 2),
        _ => (0, 0),
    };
    Some((Part::Hid(hex::decode(&found.hex).unwrap(), subclass, protocol), found.trust))
}

/// A product's input functions, those that `keep` has a bit for.
fn parts(device: &DeviceForm, keep: u8) -> Vec<(&'static str, Part, Distinctive)> {
    ["keyboard", "absolute", "relative"]
        .into_iter()
        .zip(0_u8..)
        .filter(|(_, bit)| keep & (1 << bit) != 0)
        .filter_map(|(word, _)| hid(device, word).map(|(part, trust)| (word, part, trust)))
        .collect()
}

prop_compose! {
    /// Everything that a unit's settings page, or a script, can change.
    fn disguise()(
        vendor in prop::sample::select(vec![0x046d_u16, 0x045e, 0x413c, 0x04f2, 0x17ef, 0x05ac, 0x1532, 0x04d9, 0x258a, 0xbeef]),
        product in 1_u16..0xffff,
        maker in prop::option::of("[A-Z][a-z]{2,12}"),
        name in prop::option::of("[A-Z][a-z]{2,9} (Keyboard|Mouse|Receiver) [A-Z0-9]{0,5}"),
        serial in prop::option::of("[A-Z0-9]{4,14}"),
        configuration in prop::option::of("[A-Z][a-z ]{0,20}"),
        release in any::<u16>(),
        power in prop::sample::select(vec![0_u16, 50, 98, 100, 250, 500]),
        attributes in prop::sample::select(vec![0x80_u8, 0xa0, 0xc0, 0xe0]),
        machine in prop::sample::select(vec![
            MachineKind::Laptop, MachineKind::Desktop, MachineKind::Vm, MachineKind::Unknown, MachineKind::Server,
        ]),
    ) -> Shape {
        Shape {
            ids: (vendor, product),
            names: (maker, name),
            serial,
            configuration,
            device_release: release,
            max_power_ma: power,
            attributes,
            machine,
            ..Shape::gadget(Vec::new())
        }
    }
}

fn arranged(mut parts: Vec<Part>, seed: u64) -> Vec<Part> {
    let mut state = seed;
    for last in (1..parts.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        parts.swap(last, usize::try_from(state >> 33).unwrap() % (last + 1));
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_gadget_under_any_name_is_high_with_any_function_switched_off(
        shape in disguise(),
        product in 0_usize..64,
        keep in 1_u8..8,
        drive in any::<bool>(),
        seed in any::<u64>(),
        speed in prop::sample::select(vec![UsbSpeed::High, UsbSpeed::Super]),
    ) {
        let products = &*PRODUCTS;
        let device = &products[product % products.len()];
        let kept = parts(device, keep);
        prop_assume!(!kept.is_empty());
        let (pointer, trust) = kept.iter().find(|(word, ..)| *word == "absolute").map_or(
            (false, Distinctive::None),
            |(_, _, trust)| (true, *trust),
        );
        let mut all: Vec<Part> = kept.into_iter().map(|(_, part, _)| part).collect();
        if drive {
            all.push(Part::Drive("Generic".into(), "Flash Disk".into(), "1.00".into(), false));
        }
        let shape = Shape { parts: arranged(all, seed), speed: Some(speed), ..shape };
        let found = severity(&shape);
        prop_assert!(found >= Some(Severity::High), "{} {keep:03b}: {found:?}", device.id);
        // A shipped pointer and a drive beside it are two kinds.
        if pointer && trust == Distinctive::High && drive {
            prop_assert_eq!(found, Some(Severity::Critical));
        }
    }

    #[test]
    fn a_shipped_pointer_is_high_without_gadget_marks_and_critical_under_the_kernel_s_ids(
        shape in disguise(),
        product in 0_usize..64,
        keep in 0_u8..4,
        speed in prop::sample::select(vec![None, Some(UsbSpeed::Full), Some(UsbSpeed::High)]),
        raw in any::<bool>(),
        linux in any::<bool>(),
    ) {
        let products = &*PRODUCTS;
        let device = &products[product % products.len()];
        let kept = parts(device, keep << 1 | 3);
        prop_assume!(kept.iter().any(|(word, _, trust)| *word == "absolute" && *trust == Distinctive::High));
        let parts = kept.into_iter().map(|(_, part, _)| part).collect();
        let bare = Shape::own_firmware(parts);
        let mut shape = Shape {
            speed, raw, interface_name: None, hid_release: bare.hid_release, interval: bare.interval,
            parts: bare.parts, ..shape
        };
        if linux {
            shape.ids = (0x1d6b, 0x0104);
        }
        let found = severity(&shape);
        let least = if linux { Severity::Critical } else { Severity::High };
        prop_assert!(found >= Some(least), "{}: {found:?}", device.id);
    }

    #[test]
    fn a_keyboard_with_any_absolute_pointer_is_medium_and_more_with_a_second_sign(
        shape in disguise(),
        maximum in prop::sample::select(vec![1_023_u16, 4_095, 10_000, 32_767]),
        buttons in 1_u8..9,
        marks in any::<bool>(),
        optical in any::<bool>(),
    ) {
        let pointer = absolute_pointer(buttons, maximum);
        let mut parts = vec![Part::Hid(pointer, 0, 0), Part::Hid(KEYBOARD.to_vec(), 1, 1)];
        if optical {
            parts.push(Part::Drive("Acme".into(), "Virtual".into(), "2.0".into(), true));
        }
        let bare = Shape::own_firmware(Vec::new());
        let mut shape = Shape { parts, ..shape };
        if !marks {
            shape = Shape {
                interface_name: None, hid_release: bare.hid_release, interval: bare.interval, speed: bare.speed,
                ..shape
            };
        }
        let found = severity(&shape);
        let least = match (marks, optical) {
            (false, false) => Severity::Medium,
            (_, true) => Severity::Critical,
            (true, false) => Severity::High,
        };
        prop_assert!(found >= Some(least), "{found:?}");
    }

    #[test]
    fn honest_neighbours_under_any_name_stay_below_medium(
        shape in disguise(),
        which in 0_usize..32,
        common_serial in any::<bool>(),
    ) {
        let neighbours = &*NEIGHBOURS;
        let (name, neighbour) = &neighbours[which % neighbours.len()];
        // Ids stay: an honest device has its maker's.
        let shape = Shape {
            ids: neighbour.ids, speed: neighbour.speed, parts: neighbour.parts.clone(),
            interface_name: neighbour.interface_name.clone(), hid_release: neighbour.hid_release,
            interval: neighbour.interval, slack: neighbour.slack,
            machine: if neighbour.machine == MachineKind::Vm { MachineKind::Vm } else { shape.machine },
            device_release: neighbour.device_release,
            serial: if common_serial { Some("0123456789ABCDEF".into()) } else { shape.serial },
            ..shape
        };
        // A keyboard at high speed with that serial is medium by heuristic 13.
        let loud = common_serial && shape.speed >= Some(UsbSpeed::High);
        let found = severity(&shape);
        prop_assert!(found < Some(Severity::Medium) || loud && found == Some(Severity::Medium), "{name}: {found:?}");
    }
}

#[test]
fn a_keyboard_alone_is_what_section_ten_says() {
    let keyboard = || vec![Part::Hid(KEYBOARD.to_vec(), 1, 1)];
    let rows = [
        ("all marks at 480 Mb/s", Shape::gadget(keyboard()), Some(Severity::High)),
        (
            "the interface string is not there",
            Shape { interface_name: None, ..Shape::gadget(keyboard()) },
            Some(Severity::Medium),
        ),
        (
            "at 12 Mb/s",
            Shape { speed: Some(UsbSpeed::Full), interval: 10, ..Shape::gadget(keyboard()) },
            Some(Severity::Medium),
        ),
        ("another interval", Shape { interval: 1, ..Shape::gadget(keyboard()) }, Some(Severity::Medium)),
        ("raw descriptors unread", Shape { raw: false, ..Shape::gadget(keyboard()) }, Some(Severity::Medium)),
        ("speed unread", Shape { speed: None, ..Shape::gadget(keyboard()) }, Some(Severity::High)),
        ("a longer packet", Shape { slack: 8, ..Shape::gadget(keyboard()) }, Some(Severity::High)),
        (
            "the kernel's own ids",
            Shape { ids: (0x1d6b, 0x0104), ..Shape::gadget(keyboard()) },
            Some(Severity::Low),
        ),
        (
            "the kernel's vendor id, a root hub's product",
            Shape { ids: (0x1d6b, 0x0002), ..Shape::gadget(keyboard()) },
            Some(Severity::Low),
        ),
        ("own firmware", Shape::own_firmware(keyboard()), None),
    ];
    for (name, shape, wanted) in rows {
        assert_eq!(severity(&shape), wanted, "{name}");
    }
}

/// A boot keyboard, as the kernel's documentation has it: many honest ones have the same bytes.
pub(super) const KEYBOARD: [u8; 63] = [
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, 0x75,
    0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x03, 0x95, 0x05, 0x75, 0x01, 0x05, 0x08,
    0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x03, 0x95, 0x06, 0x75, 0x08, 0x15,
    0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xc0,
];
/// A relative mouse with three buttons and a wheel.
pub(super) const MOUSE: [u8; 52] = [
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, 0x05, 0x09, 0x19, 0x01, 0x29, 0x03, 0x15,
    0x00, 0x25, 0x01, 0x95, 0x03, 0x75, 0x01, 0x81, 0x02, 0x95, 0x01, 0x75, 0x05, 0x81, 0x03, 0x05, 0x01,
    0x09, 0x30, 0x09, 0x31, 0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06, 0xc0,
    0xc0,
];

/// An absolute pointer that no product of the catalogue has.
fn absolute_pointer(buttons: u8, maximum: u16) -> Vec<u8> {
    let [low, high] = maximum.to_le_bytes();
    let mut bytes = vec![0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x05, 0x09, 0x19, 0x01, 0x29, buttons];
    bytes.extend([0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, buttons, 0x81, 0x02]);
    if buttons < 8 {
        bytes.extend([0x75, 8 - buttons, 0x95, 0x01, 0x81, 0x03]);
    }
    bytes.extend([0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x16, 0x00, 0x00, 0x26, low, high]);
    bytes.extend([0x75, 0x10, 0x95, 0x02, 0x81, 0x02, 0xc0]);
    bytes
}

/// A pen tablet: a digitizer with a pen.
fn pen() -> Vec<u8> {
    let mut bytes =
        vec![0x05, 0x0d, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x20, 0xa1, 0x00, 0x09, 0x42, 0x15, 0x00, 0x25, 0x01];
    bytes.extend([0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x26, 0xff, 0x7f]);
    bytes.extend([0x75, 0x10, 0x95, 0x02, 0x81, 0x02, 0xc0, 0xc0]);
    bytes
}

fn neighbours() -> Vec<(&'static str, Shape)> {
    let keyboard = || Part::Hid(KEYBOARD.to_vec(), 1, 1);
    let mouse = || Part::Hid(MOUSE.to_vec(), 1, 2);
    let vendor = || {
        Part::Hid(
            vec![
                0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x20,
                0x81, 0x02, 0xc0,
            ],
            0,
            0,
        )
    };
    let stick = || Part::Drive("Generic".into(), "MassStorageClass".into(), "1601".into(), false);
    let plain = |ids, parts| Shape { ids, ..Shape::own_firmware(parts) };
    let fast = |ids, parts| Shape { speed: Some(UsbSpeed::High), interval: 1, ..plain(ids, parts) };
    vec![
        ("office keyboard", plain((0x413c, 0x2113), vec![keyboard()])),
        ("combination receiver", plain((0x046d, 0xc534), vec![keyboard(), mouse()])),
        ("gaming keyboard", plain((0x1532, 0x0203), vec![keyboard(), mouse(), vendor()])),
        ("gaming keyboard at 8 kHz", fast((0x1532, 0x02a7), vec![keyboard(), mouse(), vendor()])),
        (
            "gaming keyboard with a storage function",
            fast((0x1b1c, 0x1bc4), vec![keyboard(), vendor(), stick()]),
        ),
        ("crypto key with keyboard", plain((0x1050, 0x0407), vec![keyboard(), vendor()])),
        ("barcode scanner", plain((0x05f9, 0x2206), vec![keyboard()])),
        ("barcode scanner with serial", plain((0x0c2e, 0x0b61), vec![keyboard(), Part::Serial])),
        ("drawing tablet", plain((0x056a, 0x0374), vec![Part::Hid(pen(), 0, 0), mouse()])),
        (
            "drawing tablet with a mouse mode",
            plain(
                (0x28bd, 0x0905),
                vec![keyboard(), Part::Hid(absolute_pointer(3, 32_767), 0, 0), Part::Hid(pen(), 0, 0)],
            ),
        ),
        ("phone in MTP", fast((0x18d1, 0x4ee1), vec![Part::Mtp])),
        ("phone in tethering", fast((0x18d1, 0x4ee3), vec![Part::Network])),
        ("network-only gadget", fast((0x1d6b, 0x0104), vec![Part::Network])),
        ("serial and drive gadget", fast((0x1d6b, 0x0106), vec![Part::Serial, stick()])),
        ("card reader", fast((0x0bda, 0x0129), vec![stick()])),
        ("presenter", plain((0x046d, 0xc538), vec![keyboard(), mouse()])),
        (
            "hypervisor's tablet",
            Shape {
                machine: MachineKind::Vm,
                ..fast((0x0627, 0x0001), vec![Part::Hid(absolute_pointer(3, 32_767), 0, 0)])
            },
        ),
        ("touch screen", plain((0x04f3, 0x2234), vec![Part::Hid(pen(), 0, 0)])),
    ]
}
