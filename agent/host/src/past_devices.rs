//! USB devices that the system remembers: its device database, USBGuard's rules, the kernel's log, systemd's journal.
//!
//! Always: what is remembered is less than what is there: no descriptors, so strings and ids alone; each fact says
//! where it is from and, where that is on record, when; a device that is there now is not told a second time; every
//! file is bounded, and newer ones are read first.
//! Facts: each source's own file names its format.

pub mod journal_file;
pub mod kernel_lines;
pub mod kernel_log;
pub mod udev;
pub mod usbguard;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bearing_protocol::{
    Timestamp,
    fact::{DeviceEvent, StorageDevice, UsbDevice, UsbInterface},
};
use jiff::SignedDuration;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::{FileKind, Root},
};

/// Interfaces of which only the class triplets are remembered, numbered as they come.
fn interfaces(triplets: impl Iterator<Item = (u8, u8, u8)>) -> Vec<UsbInterface> {
    (0_u8..MAX_INTERFACES)
        .zip(triplets)
        .map(|(number, (class, subclass, protocol))| UsbInterface {
            number,
            class,
            subclass,
            protocol,
            ..UsbInterface::default()
        })
        .collect()
}

/// More interfaces than real devices have; bNumInterfaces (USB 2.0, 9.6.3) could say up to 255.
const MAX_INTERFACES: u8 = 32;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Devices. Each path ends in `@` and when it was last seen, or where that is known from.
    pub usb: Vec<UsbDevice>,
    /// Their drives.
    pub storage: Vec<StorageDevice>,
    /// What came and went, with its time.
    pub events: Vec<DeviceEvent>,
}

impl Past {
    /// Adds a device whose path is still the bare place.
    fn add(&mut self, mut usb: UsbDevice, storage: Vec<StorageDevice>) {
        let place = usb.path.clone();
        let when = usb.last_seen.and_then(|at| Timestamp::from_second(at.as_second()).ok());
        let when = when.map_or_else(|| usb.provenance.clone().unwrap_or_default(), |at| at.to_string());
        usb.path = format!("{place}@{when}");
        for mut drive in storage {
            drive.name = format!("{}@{when}", drive.name);
            drive.usb_path = Some(usb.path.clone());
            self.storage.push(drive);
        }
        self.usb.push(usb);
    }
}

/// One of the system's memories: how many files it has, and what they tell; `None` where there is none.
type Memory = fn(&Context, &mut Gaps) -> Option<(usize, Past)>;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Past> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let mut words = Vec::new();
    let mut all = Vec::new();
    let sources: [(&str, Memory); 4] = [
        // The first that knows a device tells it: the journal's lines cannot be written by any program.
        ("systemd-journal", journals),
        ("kernel-log", kernel_logs),
        ("udev-database", udev::read),
        ("usbguard", usbguard::read),
    ];
    for (name, read) in sources {
        if let Some((files, past)) = read(context, &mut gaps) {
            words.push(format!("{name}: {} devices in {files} files", past.usb.len()));
            all.push(past);
        }
    }
    if words.is_empty() && gaps.is_empty() {
        return Err(Unread::unsupported(
            "nothing here remembers devices: no device database, no USBGuard, no kernel log",
        ));
    }
    let oldest = if root.is_live() { context.now.checked_sub(REMEMBERED).ok() } else { None };
    let past = merge(all, &context.earlier.usb, oldest);
    Ok(Reading::with_gaps(past, words.join("; "), gaps))
}

/// One story for a device at a place; none for what is there now.
fn merge(all: Vec<Past>, present: &[UsbDevice], oldest: Option<Timestamp>) -> Past {
    let key = |usb: &UsbDevice| {
        let place = usb.path.split('@').next().unwrap_or_default().to_owned();
        (place, usb.vendor_id, usb.product_id)
    };
    let there: Vec<_> = present.iter().map(key).collect();
    let mut known: BTreeMap<(String, u16, u16), (UsbDevice, Vec<StorageDevice>)> = BTreeMap::new();
    let mut merged = Past::default();
    for past in all {
        for usb in past.usb {
            let of = key(&usb);
            let is_old = oldest.zip(usb.last_seen).is_some_and(|(oldest, last)| last < oldest);
            if is_old || there.contains(&of) {
                continue;
            }
            let drives: Vec<_> = past
                .storage
                .iter()
                .filter(|drive| drive.usb_path.as_ref() == Some(&usb.path))
                .cloned()
                .collect();
            match known.get_mut(&of) {
                Some((before, _))
                    if before.provenance != usb.provenance || usb.last_seen < before.last_seen =>
                {
                    before.first_seen = [before.first_seen, usb.first_seen].into_iter().flatten().min();
                }
                Some(before) => {
                    let first_seen = [before.0.first_seen, usb.first_seen].into_iter().flatten().min();
                    *before = (UsbDevice { first_seen, ..usb }, drives);
                }
                None => {
                    known.insert(of, (usb, drives));
                }
            }
        }
        // Events of the first source that has any: the others tell the same.
        if merged.events.is_empty() {
            merged.events = past.events;
            merged.events.retain(|event| oldest.is_none_or(|oldest| event.at >= oldest));
        }
    }
    let mut known: Vec<_> = known.into_values().collect();
    known.sort_by_key(|(usb, _)| std::cmp::Reverse(usb.last_seen));
    known.truncate(MAX_DEVICES);
    for (usb, storage) in known {
        merged.usb.push(usb);
        merged.storage.extend(storage);
    }
    let surplus = merged.events.len().saturating_sub(MAX_EVENTS);
    merged.events.drain(..surplus);
    merged
}

/// Regular files of `directory` whose names `wanted` picks, newest first.
fn newest_files(
    root: &Root,
    directory: &str,
    gaps: &mut Gaps,
    wanted: impl Fn(&str) -> bool,
) -> Vec<PathBuf> {
    let listing = match root.list_dir(directory, MAX_ENTRIES) {
        Ok(listing) => listing,
        Err(error) => {
            gaps.add_error("directories of logs", &error);
            return Vec::new();
        }
    };
    let mut files: Vec<_> = listing
        .names
        .iter()
        .filter(|name| wanted(name))
        .map(|name| Path::new(directory).join(name))
        .filter_map(|path| {
            let found = root.link_metadata(&path).ok()?;
            (found.kind == FileKind::File).then_some((found.modified_at, path))
        })
        .collect();
    files.sort();
    files.reverse();
    files.into_iter().map(|(_, path)| path).collect()
}

/// `/var/log/journal/MACHINE/system*.journal`, and the same below `/run`.
fn journals(context: &Context, gaps: &mut Gaps) -> Option<(usize, Past)> {
    let root = &context.root;
    let mut files = Vec::new();
    for base in JOURNALS {
        let Ok(machines) = root.list_dir(base, MAX_MACHINES) else { continue };
        for machine in machines.names {
            let directory = format!("{base}/{machine}");
            files.extend(newest_files(root, &directory, gaps, |name| {
                name.starts_with("system") && name.ends_with(".journal")
            }));
        }
    }
    if files.is_empty() {
        return None;
    }
    let over = files.len().saturating_sub(MAX_JOURNALS);
    gaps.add_many("older journal files", Why::OverLimit, over.try_into().unwrap_or(u64::MAX));
    files.truncate(MAX_JOURNALS);
    let mut lines = Vec::new();
    let mut read = 0;
    for path in &files {
        let file = match root.open(path) {
            Ok(file) => file,
            Err(error) => {
                gaps.add_error("journal files", &error);
                continue;
            }
        };
        match journal_file::read(&file) {
            Ok(found) => {
                read += 1;
                gaps.add_many("compressed journal objects", Why::Skipped, found.compressed);
                if found.incomplete {
                    gaps.add("journal files read in part", Why::Malformed);
                }
                lines.extend(found.lines);
            }
            Err(_) => gaps.add("journal files", Why::Malformed),
        }
    }
    lines.sort_by_key(|line| line.at);
    Some((read, kernel_lines::devices(&lines, "systemd-journal")))
}

/// `/var/log/kern.log`, `messages`, `syslog`, and their rotated forms that are not compressed.
fn kernel_logs(context: &Context, gaps: &mut Gaps) -> Option<(usize, Past)> {
    let root = &context.root;
    let mut compressed = 0;
    let mut files = newest_files(root, LOGS, gaps, |name| {
        LOG_NAMES.iter().any(|log| {
            name.strip_prefix(log).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        })
    });
    files.retain(|path| {
        let packed = path.extension().is_some_and(|e| ["gz", "xz", "zst", "bz2"].iter().any(|p| e == *p));
        compressed += u64::from(packed);
        !packed
    });
    gaps.add_many("compressed logs", Why::Skipped, compressed);
    if files.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    let mut read = 0;
    for path in files.iter().take(MAX_LOGS) {
        let written = root.metadata(path).ok().and_then(|found| found.modified_at).unwrap_or(context.now);
        match root.read_tail(path, MAX_LOG_BYTES) {
            Ok((bytes, more)) => {
                read += 1;
                if more {
                    gaps.add("beginnings of logs", Why::OverLimit);
                }
                lines.extend(kernel_log::parse(&bytes, written));
            }
            Err(error) => gaps.add_error("logs", &error),
        }
    }
    // Several logs hold the same lines.
    lines.sort_by_key(|line| line.at);
    let mut seen: Vec<kernel_lines::KernelLine> = Vec::with_capacity(lines.len());
    for line in lines {
        let twin = seen.iter().rev().take_while(|known| known.at == line.at).any(|known| *known == line);
        if !twin {
            seen.push(line);
        }
    }
    Some((read, kernel_lines::devices(&seen, "kernel-log")))
}

const JOURNALS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];
const LOGS: &str = "/var/log";
const LOG_NAMES: [&str; 3] = ["kern.log", "messages", "syslog"];
/// What is remembered longer ago than this is not told of a live machine; of a copy everything is.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(90 * 24);
const MAX_ENTRIES: usize = 4096;
const MAX_MACHINES: usize = 16;
const MAX_JOURNALS: usize = 32;
const MAX_LOGS: usize = 8;
/// Most bytes of the end of one log.
const MAX_LOG_BYTES: usize = 4 * 1024 * 1024;
/// Most devices and events that are told: the newest.
const MAX_DEVICES: usize = 256;
const MAX_EVENTS: usize = 256;

#[cfg(test)]
#[cfg(unix)]
mod tests;
