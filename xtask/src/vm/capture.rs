//! Copying what describes a machine: the files that the agent would read, as the kernel shows them.
//!
//! Runs in the guest. Symbolic links stay links; files that cannot be read are left out, as they
//! would be for a reader; pruned are directories that say nothing about hardware (see [`PRUNED`]).

use super::bound::entries;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The most one file may have: nothing that describes a machine is longer.
const MAX_FILE_BYTES: usize = 64 * 1024;
/// Power management, counters and queues: hundreds of files that no reader opens.
const PRUNED: [&str; 11] = [
    "power",
    "wakeup",
    "statistics",
    "queues",
    "queue",
    "mq",
    "trace",
    "integrity",
    "slaves",
    "holders",
    "i2c",
];
/// Links in these directories lead to the devices that are copied whole.
const CLASSES: [&str; 12] = [
    "/sys/bus/usb/devices",
    "/sys/bus/hid/devices",
    "/sys/class/drm",
    "/sys/class/input",
    "/sys/class/hidraw",
    "/sys/class/block",
    "/sys/class/net",
    "/sys/class/power_supply",
    "/sys/class/dmi",
    "/sys/class/scsi_device",
    "/sys/class/video4linux",
    "/sys/block",
];
const FILES: [&str; 34] = [
    "/etc/os-release",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/machine-id",
    "/etc/passwd",
    "/etc/group",
    "/etc/timezone",
    "/etc/localtime",
    "/etc/debian_version",
    "/proc/version",
    "/proc/cmdline",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/mounts",
    "/proc/modules",
    "/proc/stat",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/net/tcp",
    "/proc/net/tcp6",
    "/proc/net/udp",
    "/proc/net/udp6",
    "/proc/net/unix",
    "/proc/net/route",
    "/proc/net/ipv6_route",
    "/proc/net/arp",
    "/proc/net/if_inet6",
    "/proc/net/dev",
    "/proc/sys/kernel/random/boot_id",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/ostype",
    "/proc/bus/input/devices",
    "/proc/self",
];
const PROCESS_FILES: [&str; 9] =
    ["stat", "status", "cmdline", "comm", "cgroup", "loginuid", "sessionid", "exe", "cwd"];

/// What is found: path without its leading slash, and bytes or the link's target.
pub(crate) enum Found {
    File(String, Vec<u8>),
    Link(String, String),
}

/// Copies everything, each path once.
pub(crate) fn capture(mut give: impl FnMut(Found) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    let mut paths = Vec::new();
    for class in CLASSES {
        for name in entries(class) {
            let link = Path::new(class).join(&name);
            paths.push(link.clone());
            if let Ok(device) = fs::canonicalize(&link) {
                walk(&device, &mut paths);
                ancestors(&device, &mut paths);
            }
        }
    }
    paths.extend(FILES.iter().map(PathBuf::from));
    for pid in entries("/proc").into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
        let process = Path::new("/proc").join(&pid);
        // Kernel threads have no program; the first two processes stand for all of them.
        if pid == "2" || fs::read_link(process.join("exe")).is_ok() {
            paths.extend(PROCESS_FILES.iter().map(|file| process.join(file)));
            paths.extend(
                entries(&process.join("fd").to_string_lossy())
                    .into_iter()
                    .map(|fd| process.join("fd").join(fd)),
            );
        }
    }
    for path in paths {
        if seen.insert(path.clone())
            && let Some(found) = read(&path)
        {
            give(found)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Option<Found> {
    let name = path.to_str()?.trim_start_matches('/').to_owned();
    let kind = fs::symlink_metadata(path).ok()?.file_type();
    if kind.is_symlink() {
        return Some(Found::Link(name, fs::read_link(path).ok()?.to_str()?.to_owned()));
    }
    let data = fs::read(path).ok()?;
    (kind.is_file() && data.len() <= MAX_FILE_BYTES).then_some(Found::File(name, data))
}

/// Everything below a device that is its own: other devices below it come along.
fn walk(dir: &Path, paths: &mut Vec<PathBuf>) {
    for name in entries(&dir.to_string_lossy()) {
        let path = dir.join(&name);
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            if !PRUNED.contains(&name.as_str()) {
                walk(&path, paths);
            }
        } else {
            paths.push(path);
        }
    }
}

/// What the controllers above a device say about themselves.
fn ancestors(device: &Path, paths: &mut Vec<PathBuf>) {
    for dir in device.ancestors().skip(1).take_while(|dir| *dir != Path::new("/sys/devices")) {
        for file in ["uevent", "vendor", "device", "class", "driver", "subsystem", "modalias"] {
            paths.push(dir.join(file));
        }
    }
}
