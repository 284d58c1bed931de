//! Waiting until a device is on the bus and the kernel's drivers have finished with it.
//!
//! Runs in the guest. Waits for something to be there, never for time to pass.

use super::plan::{AttachedBy, Device, Function};
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);
const ENUMERATION: Duration = Duration::from_secs(30);
const USB_DEVICES: &str = "/sys/bus/usb/devices";

/// Waits until the device is on the bus at an allowed place and a driver has finished with each of its interfaces;
/// gives the kernel's name for the place.
pub(crate) fn wait_until_bound(device: &Device, allowed: &dyn Fn(&Path) -> bool) -> anyhow::Result<String> {
    let (vendor, product) = (format!("{:04x}", device.vendor_id), format!("{:04x}", device.product_id));
    let dir = wait("the device on the bus", || {
        entries(USB_DEVICES).into_iter().find_map(|name| {
            let dir = fs::canonicalize(Path::new(USB_DEVICES).join(name)).ok()?;
            let is = |file: &str, value: &str| {
                fs::read_to_string(dir.join(file)).is_ok_and(|text| text.trim() == value)
            };
            (is("idVendor", &vendor) && is("idProduct", &product) && allowed(&dir)).then_some(dir)
        })
    })?;
    let mut interface = 0;
    for function in &device.functions {
        let here = interface_dir(&dir, interface)?;
        match function {
            Function::Hid { .. } => {
                // Some makers' devices wait for a driver of their own, which is not loaded here.
                let sign =
                    if device.attached_by == AttachedBy::Port { "report_descriptor" } else { "hidraw" };
                wait("a HID device", || {
                    children(&here, "0003:").into_iter().find(|hid| hid.join(sign).exists())
                })?;
                interface += 1;
            }
            Function::MassStorage { .. } => {
                wait("a disk", || disk(&here))?;
                interface += 1;
            }
            Function::Network { .. } => {
                wait("a network interface", || children(&here.join("net"), "").into_iter().next())?;
                interface += 2;
            }
            Function::Serial => interface += 2,
            Function::Media | Function::Other { .. } => interface += 1,
        }
    }
    dir.file_name().and_then(|name| name.to_str()).map(str::to_owned).context("a device without a name")
}

/// The places that are taken now.
pub(crate) fn places() -> Vec<String> {
    entries(USB_DEVICES)
}

fn disk(interface: &Path) -> Option<()> {
    let host = children(interface, "host").into_iter().next()?;
    let target = children(&host, "target").into_iter().next()?;
    let unit = fs::read_dir(&target)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.join("inquiry").exists() || path.join("vendor").exists())?;
    let block = children(&unit.join("block"), "").into_iter().next()?;
    block.join("size").exists().then_some(())
}

fn interface_dir(device: &Path, number: usize) -> anyhow::Result<PathBuf> {
    let name = device.file_name().and_then(|name| name.to_str()).context("a device without a name")?;
    let dir = device.join(format!("{name}:1.{number}"));
    wait("an interface", || dir.exists().then(|| dir.clone()))
}

/// Looks again and again until there is something to see.
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if started.elapsed() > ENUMERATION {
            bail!("waited {} s in vain for {what}", ENUMERATION.as_secs());
        }
        std::thread::sleep(POLL);
    }
}

/// The names in a directory, sorted; none where it cannot be read.
pub(crate) fn entries(dir: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn children(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    entries(&dir.to_string_lossy())
        .into_iter()
        .filter(|name| name.starts_with(prefix))
        .map(|name| dir.join(name))
        .collect()
}
