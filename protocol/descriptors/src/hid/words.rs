//! Report descriptors in words, line by line.

use super::{CollectionKind, Item, ItemKind, Items};

/// Most lines of one decoded descriptor; the rest is counted.
const MAX_LINES: usize = 2_000;
/// Deepest indentation that is shown; deeper is shown there.
const MAX_INDENT: usize = 16;

/// A usage in words (HID Usage Tables 1.5, the part that pointing and typing devices use), or its numbers.
pub fn usage_name(page: u16, usage: u16) -> String {
    let name = match (page, usage) {
        (0x01, 0x01) => "Pointer",
        (0x01, 0x02) => "Mouse",
        (0x01, 0x04) => "Joystick",
        (0x01, 0x05) => "Game Pad",
        (0x01, 0x06) => "Keyboard",
        (0x01, 0x07) => "Keypad",
        (0x01, 0x0c) => "Wireless Radio Controls",
        (0x01, 0x0e) => "System Multi-Axis Controller",
        (0x01, 0x30) => "X",
        (0x01, 0x31) => "Y",
        (0x01, 0x32) => "Z",
        (0x01, 0x38) => "Wheel",
        (0x01, 0x80) => "System Control",
        (0x08, 0x01) => "Num Lock LED",
        (0x0c, 0x01) => "Consumer Control",
        (0x0c, 0x0238) => "AC Pan",
        (0x0d, 0x01) => "Digitizer",
        (0x0d, 0x02) => "Pen",
        (0x0d, 0x04) => "Touch Screen",
        (0x0d, 0x05) => "Touch Pad",
        (0x0d, 0x0e) => "Device Configuration",
        (0x01, 0x33..=0x36) => {
            return ["Rx", "Ry", "Rz", "Slider"][usize::from(usage - 0x33)].to_owned();
        }
        (0x07, _) => return format!("key {usage:#04x}"),
        (0x09, _) => return format!("Button {usage}"),
        (0xff00..=0xffff, _) => return format!("vendor-defined {page:#06x}/{usage:#04x}"),
        _ => return format!("usage {page:#04x}/{usage:#04x}"),
    };
    name.to_owned()
}

fn page_name(page: u32) -> String {
    let name = match page {
        0x01 => "Generic Desktop",
        0x05 => "Game Controls",
        0x06 => "Generic Device Controls",
        0x07 => "Keyboard",
        0x08 => "LED",
        0x09 => "Button",
        0x0b => "Telephony",
        0x0c => "Consumer",
        0x0d => "Digitizer",
        0x20 => "Sensor",
        _ => return format!("{page:#06x}"),
    };
    name.to_owned()
}

/// One line of a decoded descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedLine {
    /// Where the item starts, in bytes; absent where the reading ends.
    pub offset: Option<usize>,
    /// How many collections are around it.
    pub depth: usize,
    /// What it says.
    pub words: String,
    /// Which outermost collection it is in, counted from 0; absent outside all.
    pub collection: Option<usize>,
}

/// The descriptor item by item, with the collections around each.
pub fn decode(bytes: &[u8]) -> Vec<DecodedLine> {
    let mut lines = Vec::new();
    let mut depth = 0_usize;
    let mut page = 0_u32;
    let mut outermost = None;
    let mut seen = 0_usize;
    let plain = |words: String| DecodedLine { offset: None, depth: 0, words, collection: None };
    for item in Items::new(bytes) {
        if lines.len() == MAX_LINES {
            lines.push(plain("… and more".to_owned()));
            break;
        }
        let item = match item {
            Ok(item) => item,
            Err(error) => {
                lines.push(plain(error.to_string()));
                continue;
            }
        };
        match item.kind {
            ItemKind::UsagePage => page = item.unsigned(),
            ItemKind::EndCollection => depth = depth.saturating_sub(1),
            ItemKind::Collection if depth == 0 => {
                outermost = Some(seen);
                seen += 1;
            }
            _ => {}
        }
        lines.push(DecodedLine {
            offset: Some(item.offset),
            depth: depth.min(MAX_INDENT),
            words: words(&item, page),
            collection: outermost,
        });
        match item.kind {
            ItemKind::Collection => depth += 1,
            ItemKind::EndCollection if depth == 0 => outermost = None,
            _ => {}
        }
    }
    lines
}

/// [`decode`] as plain text, indented by collection.
pub fn decode_lines(bytes: &[u8]) -> Vec<String> {
    let text = |line: DecodedLine| match line.offset {
        Some(offset) => format!("{offset:>4}  {}{}", "  ".repeat(line.depth), line.words),
        None => format!("      {}", line.words),
    };
    decode(bytes).into_iter().map(text).collect()
}

fn words(item: &Item<'_>, page: u32) -> String {
    let value = item.unsigned();
    let on_page = |value: u32| {
        let (page, usage) = if item.data.len() > 2 { (value >> 16, value & 0xffff) } else { (page, value) };
        usage_name(u16::try_from(page).unwrap_or(u16::MAX), u16::try_from(usage).unwrap_or(u16::MAX))
    };
    match item.kind {
        ItemKind::UsagePage => format!("Usage Page {}", page_name(value)),
        ItemKind::Usage => format!("Usage {}", on_page(value)),
        ItemKind::UsageMinimum => format!("Usage Minimum {value}"),
        ItemKind::UsageMaximum => format!("Usage Maximum {value}"),
        ItemKind::LogicalMinimum => format!("Logical Minimum {}", item.signed()),
        ItemKind::LogicalMaximum => format!("Logical Maximum {}", item.signed()),
        ItemKind::PhysicalMinimum => format!("Physical Minimum {}", item.signed()),
        ItemKind::PhysicalMaximum => format!("Physical Maximum {}", item.signed()),
        ItemKind::ReportSize => format!("Report Size {value} bits"),
        ItemKind::ReportCount => format!("Report Count {value}"),
        ItemKind::ReportId => format!("Report ID {value}"),
        ItemKind::Collection => format!("Collection {:?}", collection_kind(value)),
        ItemKind::EndCollection => "End Collection".to_owned(),
        ItemKind::Input => format!("Input ({})", flags(value)),
        ItemKind::Output => format!("Output ({})", flags(value)),
        ItemKind::Feature => format!("Feature ({})", flags(value)),
        ItemKind::Long | ItemKind::Reserved => format!("reserved item, {} bytes of data", item.data.len()),
        kind => format!("{kind:?} {value}"),
    }
}

const fn collection_kind(value: u32) -> CollectionKind {
    match value {
        0 => CollectionKind::Physical,
        1 => CollectionKind::Application,
        2 => CollectionKind::Logical,
        _ => CollectionKind::Other,
    }
}

fn flags(value: u32) -> String {
    let pick = |bit: u32, set: &'static str, clear: &'static str| if value & bit == 0 { clear } else { set };
    format!(
        "{}, {}, {}",
        pick(1, "constant", "data"),
        pick(2, "variable", "array"),
        pick(4, "relative", "absolute")
    )
}
