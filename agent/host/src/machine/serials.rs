//! Numbers that tell machines apart: of system, board and built-in disks.
//!
//! Always: for the agent to make HMACs of, never part of the facts. What fills the place of a number (`Default string`,
//! zeros, an emulator's constant) is left out: machines share it. A virtual machine's own numbers are kept: a
//! hypervisor draws them for each machine, and a clone that keeps them is what OT-02 looks for.

use std::{collections::BTreeSet, path::Path};

use crate::root::Root;

/// The numbers, as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HardwareNumbers {
    /// UUID of the system (SMBIOS).
    pub system: Option<String>,
    /// Serial number of the board.
    pub board: Option<String>,
    /// Serial numbers of built-in disks, sorted.
    pub disks: Vec<String>,
}

/// Reads them. Most of these files are readable by root alone; what cannot be read is left out.
pub fn hardware_numbers(root: &Root) -> HardwareNumbers {
    if root.is_live() && !cfg!(target_os = "linux") {
        return HardwareNumbers::default();
    }
    let number = |path: &Path| {
        let text = root.read_trimmed(path, MAX_NUMBER_BYTES).ok()?;
        let text = text.trim();
        is_number(text).then(|| text.to_owned())
    };
    let dmi = Path::new("/sys/class/dmi/id");
    let mut disks = BTreeSet::new();
    for disk in root.list_dir("/sys/block", MAX_DISKS).map(|listing| listing.names).unwrap_or_default() {
        let block = Path::new("/sys/block").join(&disk);
        let removable = root.read_trimmed(block.join("removable"), 8).is_ok_and(|flag| flag == "1");
        let on_usb = crate::sysfs::usb_of(&crate::sysfs::location(root, &block)).is_some();
        if !removable && !on_usb {
            let places = ["device/serial", "serial", "device/wwid", "wwid"];
            disks.extend(places.iter().find_map(|place| number(&block.join(place))));
        }
    }
    HardwareNumbers {
        system: number(&dmi.join("product_uuid")).map(|uuid| uuid.to_ascii_lowercase()),
        board: number(&dmi.join("board_serial")),
        disks: disks.into_iter().collect(),
    }
}

/// Whether a text can tell machines apart.
pub fn is_number(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let kinds = plain.chars().collect::<BTreeSet<_>>().len();
    lower.len() >= 4
        && kinds > 1
        && !PLACEHOLDERS.contains(&lower.as_str())
        && !COUNTING.iter().any(|row| row.starts_with(&plain))
        && !lower.starts_with("qm0000")
}

/// Texts that makers and emulators leave in place of a number, lower case.
const PLACEHOLDERS: [&str; 22] = [
    "default string",
    "to be filled by o.e.m.",
    "to be filled by o.e.m",
    "none",
    "null",
    "empty",
    "not specified",
    "not available",
    "not applicable",
    "not settable",
    "system serial number",
    "chassis serial number",
    "base board serial number",
    "board serial number",
    "serial number",
    "unknown",
    "n/a",
    "invalid",
    "o.e.m.",
    "oem_serial",
    // A board maker's sample UUID.
    "03000200-0400-0500-0006-000700080009",
    "12345678-1234-5678-90ab-cddeefaabbcc",
];
/// Numbers that count instead of naming; every beginning of them too.
const COUNTING: [&str; 4] = ["0123456789abcdef", "1234567890", "123456789abcdef", "9876543210"];
const MAX_NUMBER_BYTES: usize = 256;
const MAX_DISKS: usize = 256;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn numbers_that_machines_share_are_left_out() {
        let machine = Machine::new();
        machine
            .files(
                "/sys/class/dmi/id",
                &[("board_serial", "L1HF65E00X9"), ("product_uuid", "4C4C4544-0042-3510-8053-b4c04f4a3233")],
            )
            .files("/sys/block/nvme0n1", &[("removable", "0"), ("wwid", "eui.0025385b01234567")])
            .files("/sys/block/nvme0n1/device", &[("serial", "S5GXNX0T123456     ")])
            .files("/sys/block/sda", &[("removable", "0")])
            .files("/sys/block/sda/device", &[("serial", "QM00001")])
            .files("/sys/block/sdb", &[("removable", "1")])
            .files("/sys/block/sdb/device", &[("serial", "4C530001")]);
        let numbers = hardware_numbers(&machine.context().root);
        assert_eq!(numbers.system.as_deref(), Some("4c4c4544-0042-3510-8053-b4c04f4a3233"));
        assert_eq!(numbers.board.as_deref(), Some("L1HF65E00X9"));
        assert_eq!(numbers.disks, ["S5GXNX0T123456"]);
        assert_eq!(hardware_numbers(&Machine::new().context().root), HardwareNumbers::default());
    }

    #[test]
    fn placeholders_are_no_numbers() {
        for text in [
            "",
            "0",
            "00000000",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "0123456789",
            "123456789",
            "To Be Filled By O.E.M.",
            "Default string",
            "................",
            "03000200-0400-0500-0006-000700080009",
            "QM00003",
        ] {
            assert!(!is_number(text), "{text}");
        }
        for text in ["PF2ABCDE", "VB1a2b3c4d-5e6f7081", "0123456789AB-77", "CNFCM0099B0"] {
            assert!(is_number(text), "{text}");
        }
    }
}
