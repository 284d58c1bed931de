//! `lsusb -t`: where each device hangs, how fast it runs and what drives it.

use std::collections::BTreeMap;

use bearing_protocol::fact::UsbSpeed;

/// Devices by bus and number.
pub type Tree = BTreeMap<(u16, u16), Place>;

/// Where a device hangs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// As the kernel writes it (`1-1.4`, `usb1`).
    pub path: String,
    /// Its speed.
    pub speed: Option<UsbSpeed>,
    /// Interface numbers with the driver that is bound.
    pub drivers: Vec<(u8, String)>,
}

/// Reads what `lsusb -t` printed; `None` where the text is something else.
pub fn parse_tree(text: &str) -> Option<Tree> {
    let mut tree = Tree::new();
    let mut bus = 0_u16;
    let mut ports: Vec<u16> = Vec::new();
    for line in text.lines().take(MAX_LINES) {
        if let Some(rest) = line.trim_start().strip_prefix("/:") {
            let (number, rest) = rest.trim_start().strip_prefix("Bus ")?.split_once(".Port ")?;
            bus = number.parse().ok()?;
            ports.clear();
            add(&mut tree, bus, &ports, rest);
        } else if let Some(at) = line.find("|__ Port ") {
            // Four columns for each level; the roots' children stand at the first.
            let depth = at / 4;
            if depth == 0 || depth > MAX_DEPTH || bus == 0 {
                continue;
            }
            let Some((port, _)) = line.get(at + 9..).and_then(|rest| rest.split_once(':')) else { continue };
            let Ok(port) = port.trim().parse() else { continue };
            ports.truncate(depth - 1);
            if ports.len() != depth - 1 {
                continue;
            }
            ports.push(port);
            add(&mut tree, bus, &ports, line.get(at + 9..).unwrap_or_default());
        }
    }
    (!tree.is_empty()).then_some(tree)
}

/// `1: Dev 2, If 0, Class=Human Interface Device, Driver=usbhid, 480M`.
fn add(tree: &mut Tree, bus: u16, ports: &[u16], rest: &str) {
    let mut place = Place { path: path(bus, ports), ..Place::default() };
    let mut number = None;
    let mut interface = None;
    let mut driver = None;
    for part in rest.split_once(':').map_or("", |(_, rest)| rest).split(',') {
        let part = part.trim();
        if let Some(text) = part.strip_prefix("Dev ") {
            number = text.parse().ok();
        } else if let Some(text) = part.strip_prefix("If ") {
            interface = text.parse().ok();
        } else if let Some(text) = part.strip_prefix("Driver=") {
            driver = Some(text.to_owned()).filter(|name| !name.is_empty() && name != "[none]");
        } else if let Some(text) = part.strip_suffix('M') {
            place.speed = UsbSpeed::from_mbps(text);
        }
    }
    let Some(number) = number else { return };
    let known = tree.entry((bus, number)).or_insert(place);
    if let (Some(interface), Some(driver)) = (interface, driver) {
        known.drivers.push((interface, driver));
    }
}

fn path(bus: u16, ports: &[u16]) -> String {
    if ports.is_empty() {
        return format!("usb{bus}");
    }
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!("{bus}-{}", ports.join("."))
}

/// USB has seven tiers (USB 2.0 section 4.1.1); the text is not trusted further.
const MAX_DEPTH: usize = 8;
const MAX_LINES: usize = 20_000;
