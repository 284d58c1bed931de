//! From what was gathered to facts with coverage: one line for each source, and what is missing in it.
//!
//! Always: what a file could not show is in the line's words; a source without any file stays `unsupported`.

use bearing_protocol::{
    coverage::{Source, Status},
    fact::Facts,
    limits::MAX_TEXT_BYTES,
    report::OsSummary,
    text::printable,
};

use super::Gathered;

impl Gathered {
    /// Puts everything where it belongs. What a tree of Linux files gave stays where nothing better was read.
    pub(in crate::collection) fn into_facts(self, facts: &mut Facts) {
        if self.is_empty() {
            return;
        }
        let read = self.read.join("; ");
        if facts.hostname.is_empty()
            && let Some(name) = self.hostnames.first()
        {
            facts.hostname.clone_from(name);
        }
        if facts.os.family.is_empty()
            && let Some(family) = self.families.first()
        {
            let name = match *family {
                "windows" => "Windows",
                "macos" => "macOS",
                _ => "Linux",
            };
            let version = self.build.clone().unwrap_or_default();
            facts.os = OsSummary { family: (*family).to_owned(), name: name.to_owned(), version };
            let mut detail = format!("{name}, by what was collected");
            let several = self.families.len() > 1 || self.hostnames.len() > 1;
            if several {
                detail = "files of more than one machine or system: give each a folder of its own".to_owned();
            }
            cover(facts, Source::Os, if several { Status::Partial } else { Status::Ok }, &detail);
        }
        if let Some(machine) = self.machine {
            let kind = machine.kind.as_str();
            facts.machine = machine;
            cover(facts, Source::Machine, Status::Partial, &format!("{kind}, by the devices on record"));
        }
        let gaps = |source: Source| -> Vec<&str> {
            self.gaps.iter().filter(|(of, _)| *of == source).map(|(_, text)| text.as_str()).collect()
        };
        // Windows keeps every drive and every EDID it ever saw; elsewhere a file shows what was there.
        let all_devices = gaps(Source::Usb).is_empty();
        let in_registry = self.from_registry && all_devices;
        let whole = if in_registry { Status::Ok } else { Status::Partial };
        if facts.usb.is_empty() || !self.usb.is_empty() && facts.usb.iter().all(|d| d.descriptors.is_empty())
        {
            let mut missing = gaps(Source::Usb);
            let status = if missing.is_empty() { Status::Ok } else { Status::Partial };
            // Every device is on record, though less of each than a running machine shows.
            if self.families.contains("windows") {
                missing.push("raw descriptors, speed and manufacturer are not on record on Windows");
            } else if self.usb.iter().any(|device| device.descriptors.is_empty()) {
                missing.push("raw descriptors are not on record");
            }
            let detail = [vec![read.as_str()], missing].concat().join("; ");
            facts.usb = self.usb;
            cover(facts, Source::Usb, status, &detail);
        }
        if facts.hid.is_empty() {
            let without = self.hid_without_descriptor;
            let count = self.hid.len();
            // Where a device may be missing, or its interfaces, none may be said to have no HID interface.
            let (status, detail) = match (count, without) {
                (0, 0) if !all_devices => (
                    Status::Unsupported,
                    "no HID interface was collected, and not all devices were".to_owned(),
                ),
                (_, 0) if !all_devices => {
                    (Status::Partial, format!("{count} report descriptors; not all devices were collected"))
                }
                (0, 0) => (Status::Ok, "no HID interface is on record".to_owned()),
                (0, _) => (
                    Status::Unsupported,
                    format!("the report descriptors of {without} HID interfaces were not collected"),
                ),
                (_, 0) => (Status::Ok, format!("{count} report descriptors")),
                _ => (
                    Status::Partial,
                    format!(
                        "{count} report descriptors; those of {without} HID interfaces were not collected"
                    ),
                ),
            };
            facts.hid = self.hid;
            cover(facts, Source::Hid, status, &detail);
        }
        if facts.storage.is_empty() && (!self.storage.is_empty() || !self.families.contains("linux")) {
            let detail = format!("{} drives on USB", self.storage.len());
            facts.storage = self.storage;
            cover(facts, Source::Storage, whole, &detail);
        }
        if !self.displays.is_empty() || self.from_registry {
            let detail = format!("{} EDIDs", self.displays.len());
            facts.displays = self.displays;
            cover(facts, Source::Displays, whole, &detail);
        }
    }
}

fn cover(facts: &mut Facts, source: Source, status: Status, detail: &str) {
    if let Some(line) = facts.coverage.iter_mut().find(|line| line.source == source) {
        line.status = status;
        line.detail = printable(detail, MAX_TEXT_BYTES);
    }
}
