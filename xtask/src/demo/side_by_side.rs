//! Two devices beside each other, as the agent's `facts` read them, differing lines marked.

use anyhow::Context;
use serde_json::Value;

const NAME_WIDTH: usize = 22;
const COLUMN_WIDTH: usize = 38;

/// The lines of the comparison of the two sysroots' first keyboards.
///
/// # Errors
/// When the facts show no keyboard.
pub(super) fn compare(left: &Value, right: &Value) -> anyhow::Result<Vec<String>> {
    let (left, right) = (rows(left)?, rows(right)?);
    let mut lines = Vec::new();
    for ((name, left), (_, right)) in left.into_iter().zip(right) {
        let mark = if left == right { ' ' } else { '≠' };
        let (mut left, mut right) =
            (wrap(&left, COLUMN_WIDTH).into_iter(), wrap(&right, COLUMN_WIDTH).into_iter());
        let mut head = name;
        loop {
            let (first, second) = (left.next(), right.next());
            if first.is_none() && second.is_none() {
                break;
            }
            let (first, second) = (first.unwrap_or_default(), second.unwrap_or_default());
            lines.push(
                format!("{mark} {head:<NAME_WIDTH$} {first:<COLUMN_WIDTH$} {second}").trim_end().to_owned(),
            );
            head = "";
        }
    }
    Ok(lines)
}

/// What is compared, in the order in which a person would look.
fn rows(facts: &Value) -> anyhow::Result<Vec<(&'static str, String)>> {
    let keyboard = facts["hid"]
        .as_array()
        .and_then(|all| all.iter().find(|hid| hid["usb_path"].is_string()))
        .context("the sysroot has no USB input device")?;
    let path = &keyboard["usb_path"];
    let of = |list: &str, key: &str| -> Vec<&Value> {
        facts[list]
            .as_array()
            .map(|all| all.iter().filter(|item| item[key] == *path).collect())
            .unwrap_or_default()
    };
    let usb = of("usb", "path").into_iter().next().context("the input device hangs on no USB device")?;
    let inputs = of("hid", "usb_path");
    let disks = of("storage", "usb_path");
    let interfaces = usb["interfaces"].as_array().cloned().unwrap_or_default();
    Ok(vec![
        ("maker", text(&usb["manufacturer"])),
        ("product", text(&usb["product"])),
        (
            "vendor and product id",
            format!("{:04x}:{:04x}", number(&usb["vendor_id"]), number(&usb["product_id"])),
        ),
        ("release", format!("{:04x}", number(&usb["device_release"]))),
        ("serial", text(&usb["serial"])),
        ("speed", text(&usb["speed"])),
        (
            "USB version",
            format!("{:x}.{:02x}", number(&usb["usb_release"]) >> 8, number(&usb["usb_release"]) & 0xff),
        ),
        ("power", format!("{} mA", number(&usb["max_power_ma"]))),
        ("functions", list(interfaces.iter().map(class))),
        (
            "names of functions",
            list(interfaces.iter().filter_map(|interface| interface["name"].as_str()).map(str::to_owned)),
        ),
        (
            "report descriptors",
            list(inputs.iter().map(|input| format!("{} bytes", text(&input["report_descriptor"]).len() / 2))),
        ),
        (
            "absolute pointer",
            if inputs.iter().any(|input| is_absolute_pointer(input)) { "yes" } else { "no" }.to_owned(),
        ),
        (
            "drive inside",
            list(disks.iter().map(|disk| {
                format!(
                    "{} {} {}",
                    text(&disk["vendor"]).trim(),
                    text(&disk["model"]).trim(),
                    text(&disk["revision"])
                )
            })),
        ),
    ])
}

/// A mouse's X and Y (usages 30 and 31 of the desktop page) as absolute input: main item `81 02`.
fn is_absolute_pointer(input: &Value) -> bool {
    let descriptor = text(&input["report_descriptor"]);
    descriptor.find("09300931").is_some_and(|at| {
        let after = &descriptor[at..];
        after
            .find("8102")
            .is_some_and(|absolute| after.find("8106").is_none_or(|relative| absolute < relative))
    })
}

fn class(interface: &Value) -> String {
    let [class, subclass, protocol] = ["class", "subclass", "protocol"].map(|key| number(&interface[key]));
    match (class, subclass, protocol) {
        (3, 1, 1) => "keyboard".to_owned(),
        (3, _, 2) => "mouse".to_owned(),
        (3, ..) => "other input".to_owned(),
        (8, ..) => "drive".to_owned(),
        _ => format!("{class:02x}/{subclass:02x}/{protocol:02x}"),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { "–".to_owned() } else { items.join(", ") }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| "–".to_owned(), str::to_owned)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// Breaks at spaces so that no line is wider.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.len() - 1;
        if !lines[line].is_empty() && lines[line].chars().count() + 1 + word.chars().count() >= width {
            lines.push(word.to_owned());
        } else {
            if !lines[line].is_empty() {
                lines[line].push(' ');
            }
            lines[line].push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let facts = |speed: &str| {
            serde_json::json!({
                "usb": [{"path": "1-1", "vendor_id": 16700, "product_id": 8455, "manufacturer": "Dell", "speed": speed,
                    "interfaces": [{"class": 3, "subclass": 1, "protocol": 1}]}],
                "hid": [{"usb_path": "1-1", "report_descriptor": "0501"}], "storage": [],
            })
        };
        let lines = compare(&facts("low"), &facts("high")).unwrap();
        let marked: Vec<&String> = lines.iter().filter(|line| line.starts_with('≠')).collect();
        assert_eq!(marked.len(), 1);
        assert!(marked[0].contains("low") && marked[0].contains("high"));
        assert!(lines.iter().any(|line| line.contains("functions") && line.matches("keyboard").count() == 2));
    }

    #[test]
    fn a_pointer_is_absolute_by_its_first_main_item() {
        let input = |hex: &str| serde_json::json!({ "report_descriptor": hex });
        assert!(is_absolute_pointer(&input("0930093116000026ff7f7510950281020938158125")));
        assert!(!is_absolute_pointer(&input("093009311581257f750895038106")));
    }
}
