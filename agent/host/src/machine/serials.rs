use std::path::Path;

use crate::root::Root;

/// Serial numbers of board, chassis, system and built-in disks, each with what it is of (`board:…`), sorted.
///
/// For the agent to make HMACs of; never part of the facts. What fills the place of a serial (`Default
/// string`, zeros) is left out: machines share it. Most of these files are readable by root alone.
pub fn hardware_serials(root: &Root) -> Vec<String> {
    if root.is_live() && !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let mut serials = Vec::new();
    let mut add = |of: &str, path: &Path| {
        if let Ok(text) = root.read_trimmed(path, MAX_SERIAL_BYTES)
            && is_serial(&text)
        {
            serials.push(format!("{of}:{text}"));
        }
    };
    for (of, file) in [
        ("board", "board_serial"),
        ("chassis", "chassis_serial"),
        ("system", "product_serial"),
        ("uuid", "product_uuid"),
    ] {
        add(of, &Path::new("/sys/class/dmi/id").join(file));
    }
    let disks = root.list_dir("/sys/block", MAX_DISKS).map(|listing| listing.names).unwrap_or_default();
    for disk in disks {
        let block = Path::new("/sys/block").join(&disk);
        let removable = root.read_trimmed(block.join("removable"), 8).is_ok_and(|flag| flag == "1");
        let on_usb = crate::sysfs::usb_of(&crate::sysfs::location(root, &block)).is_some();
        if !removable && !on_usb {
            add("disk", &block.join("device/serial"));
            add("disk", &block.join("device/wwid"));
        }
    }
    serials.sort();
    serials.dedup();
    serials
}

/// Whether a text can tell machines apart.
fn is_serial(text: &str) -> bool {
    const PLACEHOLDERS: [&str; 10] = [
        "default string",
        "to be filled by o.e.m.",
        "none",
        "not specified",
        "not applicable",
        "system serial number",
        "chassis serial number",
        "base board serial number",
        "n/a",
        "invalid",
    ];
    let lower = text.to_ascii_lowercase();
    let same = lower.chars().filter(char::is_ascii_alphanumeric).collect::<std::collections::BTreeSet<_>>();
    lower.len() >= 4 && same.len() > 1 && !PLACEHOLDERS.contains(&lower.as_str()) && lower != "123456789"
}

const MAX_SERIAL_BYTES: usize = 256;
const MAX_DISKS: usize = 256;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn serials_that_machines_share_are_left_out() {
        let machine = Machine::new();
        machine
            .files(
                "/sys/class/dmi/id",
                &[
                    ("board_serial", "L1HF65E00X9"),
                    ("chassis_serial", "To be filled by O.E.M."),
                    ("product_serial", "00000000"),
                    ("product_uuid", "4c4c4544-0042-3510-8053-b4c04f4a3233"),
                ],
            )
            .files("/sys/block/nvme0n1", &[("removable", "0")])
            .files("/sys/block/nvme0n1/device", &[("serial", "S5GXNX0T123456     ")])
            .files("/sys/block/sdb", &[("removable", "1")])
            .files("/sys/block/sdb/device", &[("serial", "4C530001")]);
        assert_eq!(
            hardware_serials(&machine.context().root),
            ["board:L1HF65E00X9", "disk:S5GXNX0T123456", "uuid:4c4c4544-0042-3510-8053-b4c04f4a3233"]
        );
        assert!(hardware_serials(&Machine::new().context().root).is_empty());
    }
}
