//! Real monitors, HID devices and computers, where a directory of captures lies beside the workspace: the hardware
//! rules must leave them alone. Where there is none, the test says so; `cargo xtask bench detection DIR` runs it by hand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bearing_policies::{
    catalogue::kvm::KvmCatalogue,
    measure::{Corpora, measure},
};

fn captures() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
    if beside.is_dir() {
        return Some(beside);
    }
    println!("no captures beside the workspace: false alarms are not measured here");
    None
}

#[expect(clippy::disallowed_methods, reason = "tests may start a child process")]
fn unpacked(path: &Path) -> Option<Vec<u8>> {
    let output = Command::new("xz").arg("-dc").arg(path).output().ok()?;
    output.status.success().then_some(output.stdout)
}

#[test]
fn ordinary_hardware_raises_next_to_nothing() {
    let Some(directory) = captures() else { return };
    let text = |name: &str| fs::read_to_string(directory.join(name)).ok();
    let edid = unpacked(&directory.join("edid-real.bin.xz"));
    let (labels, hid) = (text("edid-real.labels.tsv"), text("hid-real.json"));
    let (usb, usb_devices) = (text("usb-real.json"), text("usb-devices-real.json"));
    let corpora = Corpora {
        edid: edid.as_deref(),
        edid_labels: labels.as_deref(),
        hid: hid.as_deref(),
        usb: usb.as_deref(),
        usb_devices: usb_devices.as_deref(),
    };
    let measurement = measure(&corpora, &KvmCatalogue::embedded()).unwrap();
    println!("{measurement}");
    for row in &measurement.rows {
        assert_eq!(row.high, 0, "{row:?}");
        if row.corpus == "monitors" {
            // One in ten thousand, and no more.
            assert!(row.medium * 10_000 <= row.exposed, "{row:?}");
        } else {
            assert!(row.medium * 200 <= row.exposed, "{row:?}");
        }
    }
    // The captures hold real KVMs too: a measurement that finds none of them measures nothing.
    let monitors = measurement.rows.iter().find(|row| row.corpus == "monitors" && row.rule == "any");
    assert!(monitors.is_none_or(|row| row.labelled_hits > 10), "{monitors:?}");
}
