//! USB devices as a tree and displays as drawings, from the inventory of a report; what fired is marked.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use bearing_protocol::{
    commitment::Disclosures,
    payload::{DisplayItem, InventoryValue, PlaceItem, ReportPayload, SoftwareItem, UsbItem},
    severity::Severity,
};
use bearing_store::{FindingRow, FindingStatus};

use super::{
    sheets::{self, Marks, Room, Sheet},
    view::{severity_class, shown},
};

/// Deepest nesting that is drawn. USB allows seven tiers (USB 2.0, section 4.1.1).
const MAX_DEPTH: usize = 8;
/// Most parts of one device that are listed.
const MAX_PARTS: usize = 24;
/// Drawing units per centimetre of a display.
const UNITS_PER_CM: u64 = 3;

/// What fired on one thing.
#[derive(Clone, Debug)]
pub(super) struct Fired {
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) href: String,
    severity: Severity,
}

/// Findings by the thing they are about (`usb:1-1`, `display:card0-HDMI-A-1`), and their evidence.
pub(super) struct FiredBySubject {
    by_subject: BTreeMap<String, Fired>,
    marks: Marks,
}

impl FiredBySubject {
    /// Findings that stand open or in review.
    pub(super) fn of(findings: &[FindingRow]) -> Self {
        let mut all: BTreeMap<String, Fired> = BTreeMap::new();
        for row in
            findings.iter().filter(|row| matches!(row.status, FindingStatus::Open | FindingStatus::InReview))
        {
            let finding = &row.finding;
            let fired = Fired {
                class: severity_class(finding.severity),
                title: shown(&finding.title),
                href: format!("/devices/{}/findings/{}", row.device, finding.id),
                severity: finding.severity,
            };
            let places = finding.evidence.iter().map(|evidence| match evidence.source.as_str() {
                "displays" => format!("display:{}", evidence.location),
                _ => format!("usb:{}", evidence.location),
            });
            for subject in places.chain([finding.subject.clone()]) {
                let graver = all.get(&subject).is_none_or(|known| known.severity < fired.severity);
                if graver {
                    all.insert(subject, fired.clone());
                }
            }
        }
        Self { by_subject: all, marks: Marks::of(findings) }
    }

    fn get(&self, subject: &str) -> Option<Fired> {
        self.by_subject.get(subject).cloned()
    }
}

/// A USB device and what hangs on it.
#[derive(Clone, Debug, Template)]
#[template(path = "usb_node.html")]
pub(super) struct UsbNode {
    path: String,
    id: String,
    name: String,
    parts: Vec<String>,
    fired: Option<Fired>,
    sheet: Option<Sheet>,
    children: Vec<UsbNode>,
}

/// A display, drawn to scale.
#[derive(Clone, Debug)]
pub(super) struct Display {
    pub(super) connector: String,
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) connected: bool,
    pub(super) size: Option<(u8, u8)>,
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) fired: Option<Fired>,
    pub(super) sheet: Option<Sheet>,
}

/// Recognised software.
#[derive(Clone, Debug)]
pub(super) struct Software {
    pub(super) product: String,
    pub(super) version: String,
    pub(super) states: String,
}

/// A report's inventory.
#[derive(Clone, Debug, Default)]
pub(super) struct Inventory {
    pub(super) usb: Vec<UsbNode>,
    pub(super) displays: Vec<Display>,
    pub(super) software: Vec<Software>,
    pub(super) place: Option<PlaceItem>,
    /// Items whose value was withheld or erased.
    pub(super) withheld: usize,
}

impl Inventory {
    /// Opens what was disclosed of a report's inventory.
    pub(super) fn of(report: &ReportPayload, values: &Disclosures, fired: &FiredBySubject) -> Self {
        let mut items = Vec::new();
        let mut withheld = 0;
        for item in &report.inventory {
            match values.open::<InventoryValue>(&item.item) {
                Some(Ok(value)) => items.push(value),
                _ => withheld += 1,
            }
        }
        Self { withheld, ..Self::of_items(items, fired) }
    }

    fn of_items(items: Vec<InventoryValue>, fired: &FiredBySubject) -> Self {
        let mut all = Self::default();
        let mut usb = Vec::new();
        let mut room = Room::default();
        for item in items {
            match item {
                InventoryValue::Usb(item) => usb.push(item),
                InventoryValue::Display(item) => all.displays.push(display(&item, fired, &mut room)),
                InventoryValue::Software(item) => all.software.push(software(&item)),
                InventoryValue::Place(item) => all.place = Some(item),
                InventoryValue::Hardware(_) | InventoryValue::FirstInstalls(_) => {}
            }
        }
        all.displays.sort_by_key(|display| !display.connected);
        all.usb = tree(usb, fired, &mut room);
        all
    }
}

/// The tree. Devices whose hub is not in the list, or whose parents form a ring, stand at the top: nothing is lost.
fn tree(mut items: Vec<UsbItem>, fired: &FiredBySubject, room: &mut Room) -> Vec<UsbNode> {
    items.sort_by_key(|item| port_order(&item.path));
    let sheets = sheets_of(&items, fired, room);
    let known: BTreeSet<&str> = items.iter().map(|item| item.path.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut tops = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match item.parent.as_deref().filter(|parent| known.contains(parent) && *parent != item.path) {
            Some(parent) => children.entry(parent).or_default().push(at),
            None => tops.push(at),
        }
    }
    let mut drawn = vec![false; items.len()];
    let mut forest = Vec::new();
    for at in tops.into_iter().chain(0..items.len()) {
        if let Some(node) = node(at, &items, &children, fired, &sheets, &mut drawn, MAX_DEPTH) {
            forest.push(node);
        }
    }
    forest
}

/// The sheets of all devices; those that fired are drawn before the page is full.
fn sheets_of(items: &[UsbItem], fired: &FiredBySubject, room: &mut Room) -> Vec<Option<Sheet>> {
    let mut drawn: Vec<Option<Sheet>> = vec![None; items.len()];
    for wanted in [true, false] {
        for (item, sheet) in items.iter().zip(&mut drawn) {
            if fired.get(&format!("usb:{}", item.path)).is_some() == wanted {
                *sheet = sheets::of_usb(item, &fired.marks, room);
            }
        }
    }
    drawn
}

/// `1-1.10` after `1-1.2`, and `usb1` before `1-1`.
fn port_order(path: &str) -> (Vec<u32>, String) {
    let digits = path.trim_start_matches("usb");
    let numbers = digits.split(['-', '.']).map(|part| part.parse().unwrap_or(u32::MAX)).collect();
    (numbers, path.to_owned())
}

/// `1-1.4, port 4`: where a device hangs, where its place says it.
fn place(item: &UsbItem) -> String {
    let path = shown(&item.path);
    let here = item.path.split_once('@').map_or(item.path.as_str(), |(path, _)| path);
    let port = here.rsplit_once(['-', '.']).and_then(|(_, port)| port.parse::<u8>().ok());
    let port = port.map(|port| format!(", port {port}")).unwrap_or_default();
    let past = item.provenance.as_deref().map(|how| format!(", was there ({})", shown(how)));
    format!("{path}{port}{}", past.unwrap_or_default())
}

fn node(
    at: usize,
    items: &[UsbItem],
    children: &BTreeMap<&str, Vec<usize>>,
    fired: &FiredBySubject,
    sheets: &[Option<Sheet>],
    drawn: &mut [bool],
    depth: usize,
) -> Option<UsbNode> {
    let item = items.get(at)?;
    if depth == 0 || std::mem::replace(drawn.get_mut(at)?, true) {
        return None;
    }
    let below = children.get(item.path.as_str()).map(Vec::as_slice).unwrap_or_default();
    let children =
        below.iter().filter_map(|at| node(*at, items, children, fired, sheets, drawn, depth - 1)).collect();
    let name = [item.manufacturer.as_deref(), item.product.as_deref()];
    let name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(UsbNode {
        path: place(item),
        id: shown(&item.id),
        name: if name.trim().is_empty() { "no name".to_owned() } else { shown(&name) },
        parts: parts(item),
        fired: fired.get(&format!("usb:{}", item.path)),
        sheet: sheets.get(at).cloned().flatten(),
        children,
    })
}

/// What a USB device consists of, a word each.
fn parts(item: &UsbItem) -> Vec<String> {
    let interfaces = item.interfaces.iter().map(|interface| {
        let what = interface_word(&interface.class);
        let name = interface.name.as_deref().map(|name| format!(" “{}”", shown(name))).unwrap_or_default();
        let driver = interface.driver.as_deref().map(|d| format!(" ({})", shown(d))).unwrap_or_default();
        format!("{what}{name}{driver}")
    });
    let hid =
        item.hid.iter().flat_map(|hid| hid.collections.iter().map(|words| format!("HID: {}", shown(words))));
    let drives = item.drives.iter().map(|drive| format!("Drive: {}", shown(drive)));
    let speed = item.speed.map(|speed| speed.describe().to_owned());
    let power = item.max_power_ma.map(|power| format!("{power} mA"));
    let serial = item.serial.as_deref().map(|serial| format!("Serial {}", shown(serial)));
    let configuration = item.configuration.as_deref().map(|text| format!("Configuration “{}”", shown(text)));
    interfaces
        .chain(hid)
        .chain(drives)
        .chain(speed)
        .chain(power)
        .chain(configuration)
        .chain(serial)
        .take(MAX_PARTS)
        .collect()
}

/// An interface's class in words. USB-IF, Defined Class Codes.
fn interface_word(class: &str) -> String {
    let word = match class.get(..2) {
        Some("01") => "Audio",
        Some("02") => "Communications",
        Some("03") => match class.get(3..) {
            Some("01/01") => "Boot keyboard",
            Some("01/02") => "Boot mouse",
            _ => "HID",
        },
        Some("06") => "Camera",
        Some("07") => "Printer",
        Some("08") => "Storage",
        Some("09") => "Hub",
        Some("0a") => "Serial data",
        Some("0b") => "Smart card",
        Some("0e") => "Video",
        Some("e0") => "Wireless",
        Some("ff") => "Vendor-specific",
        _ => return format!("Class {}", shown(class)),
    };
    word.to_owned()
}

fn display(item: &DisplayItem, fired: &FiredBySubject, room: &mut Room) -> Display {
    let size = item.size_cm.filter(|(width, height)| *width > 0 && *height > 0);
    let (width, height) = size.unwrap_or((53, 30));
    let text = [item.id.as_deref(), item.preferred_mode.as_deref()];
    let detail = text.into_iter().flatten().map(shown).collect::<Vec<_>>().join(" · ");
    Display {
        connector: shown(&item.connector),
        name: match (&item.name, item.connected) {
            (Some(name), _) => shown(name),
            (None, Some(false)) => "Empty connector".to_owned(),
            (None, _) => "No name".to_owned(),
        },
        detail,
        connected: item.connected.unwrap_or(true),
        size,
        width: u64::from(width.clamp(12, 70)) * UNITS_PER_CM,
        height: u64::from(height.clamp(8, 70)) * UNITS_PER_CM,
        fired: fired.get(&format!("display:{}", item.connector)),
        sheet: sheets::of_display(item, &fired.marks, room),
    }
}

fn software(item: &SoftwareItem) -> Software {
    Software {
        product: shown(&item.product),
        version: item.version.as_deref().map(shown).unwrap_or_default(),
        states: item.states.iter().map(|state| shown(state)).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usb(path: &str, parent: Option<&str>) -> UsbItem {
        UsbItem {
            path: path.into(),
            parent: parent.map(Into::into),
            id: "1d6b:0104".into(),
            ..UsbItem::default()
        }
    }

    fn nothing() -> FiredBySubject {
        FiredBySubject::of(&[])
    }

    #[test]
    fn a_tree_hangs_on_its_hubs() {
        let items = vec![usb("1-1.4", Some("1-1")), usb("usb1", None), usb("1-1", Some("usb1"))];
        let forest = tree(items, &nothing(), &mut Room::default());
        assert_eq!(forest.len(), 1);
        assert_eq!(forest[0].children[0].children[0].path, "1-1.4, port 4");
    }

    #[test]
    fn a_ring_of_hubs_neither_hangs_nor_hides() {
        let items = vec![usb("a", Some("b")), usb("b", Some("a")), usb("c", Some("c"))];
        let forest = tree(items, &nothing(), &mut Room::default());
        let count: usize = forest.iter().map(|node| 1 + node.children.len()).sum();
        assert_eq!(count, 3);
    }
}
