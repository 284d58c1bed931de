//! Making a USB gadget through configfs, and waiting until the other side has bound all of it.
//!
//! Runs in the guest. Paths and values: kernel documentation, `usb/gadget_configfs`.

use super::plan::{Device, Function, Speed};
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const GADGET: &str = "/sys/kernel/config/usb_gadget/rig";
const POLL: Duration = Duration::from_millis(10);
const ENUMERATION: Duration = Duration::from_secs(30);

/// Creates the gadget and connects it to the loop-back controller.
pub(crate) fn plug(device: &Device) -> anyhow::Result<()> {
    let parameter = if device.speed == Speed::High { "is_high_speed=1" } else { "is_high_speed=0" };
    super::guest::load("dummy_hcd", parameter)?;
    let gadget = Path::new(GADGET);
    fs::create_dir(gadget).context("cannot create the gadget")?;
    let [class, subclass, protocol] = device.device_class;
    for (name, value) in [
        ("idVendor", u32::from(device.vendor_id)),
        ("idProduct", u32::from(device.product_id)),
        ("bcdUSB", u32::from(device.usb_version)),
        ("bcdDevice", u32::from(device.device_version)),
        ("bDeviceClass", u32::from(class)),
        ("bDeviceSubClass", u32::from(subclass)),
        ("bDeviceProtocol", u32::from(protocol)),
    ] {
        write(&gadget.join(name), &format!("{value:#x}"))?;
    }
    let strings = gadget.join("strings/0x409");
    fs::create_dir(&strings)?;
    for (name, value) in [
        ("manufacturer", &device.manufacturer),
        ("product", &device.product),
        ("serialnumber", &device.serial),
    ] {
        if let Some(value) = value {
            write(&strings.join(name), value)?;
        }
    }
    let configuration = gadget.join("configs/c.1");
    fs::create_dir(&configuration)?;
    write(&configuration.join("MaxPower"), &device.max_power_ma.to_string())?;
    write(&configuration.join("bmAttributes"), &format!("{:#x}", device.attributes))?;
    if let Some(text) = &device.configuration {
        fs::create_dir(configuration.join("strings/0x409"))?;
        write(&configuration.join("strings/0x409/configuration"), text)?;
    }
    for (number, function) in device.functions.iter().enumerate() {
        let (name, dir) = create(gadget, number, function)?;
        std::os::unix::fs::symlink(&dir, configuration.join(name))?;
    }
    let controller = wait("a loop-back controller", || entries("/sys/class/udc").into_iter().next())?;
    write(&gadget.join("UDC"), &controller)?;
    wait_until_bound(device)
}

/// Disconnects and removes the gadget.
pub(crate) fn unplug() -> anyhow::Result<()> {
    let gadget = Path::new(GADGET);
    write(&gadget.join("UDC"), "\n")?;
    let configuration = gadget.join("configs/c.1");
    for entry in fs::read_dir(&configuration)? {
        let path = entry?.path();
        if path.is_symlink() {
            fs::remove_file(path)?;
        }
    }
    for dir in ["configs/c.1/strings/0x409", "configs/c.1"] {
        let _ = fs::remove_dir(gadget.join(dir));
    }
    for function in entries(&format!("{GADGET}/functions")) {
        fs::remove_dir(gadget.join("functions").join(function))?;
    }
    fs::remove_dir(gadget.join("strings/0x409"))?;
    fs::remove_dir(gadget).context("cannot remove the gadget")?;
    super::guest::unload("dummy_hcd")
}

fn create(gadget: &Path, number: usize, function: &Function) -> anyhow::Result<(String, PathBuf)> {
    let kind = match function {
        Function::Hid { .. } => "hid",
        Function::MassStorage { .. } => "mass_storage",
        Function::Network { function, .. } => function,
    };
    let name = format!("{kind}.usb{number}");
    let dir = gadget.join("functions").join(&name);
    fs::create_dir(&dir).with_context(|| format!("the kernel has no gadget function `{kind}`"))?;
    match function {
        Function::Hid { subclass, protocol, report_descriptor, report_length, out_endpoint, .. } => {
            write(&dir.join("no_out_endpoint"), if *out_endpoint { "0" } else { "1" })?;
            write(&dir.join("subclass"), &subclass.to_string())?;
            write(&dir.join("protocol"), &protocol.to_string())?;
            write(&dir.join("report_length"), &report_length.to_string())?;
            fs::write(dir.join("report_desc"), super::unhex(report_descriptor)?)?;
        }
        Function::MassStorage { cdrom, removable, inquiry, inquiry_cdrom } => {
            let unit = dir.join("lun.0");
            write(&unit.join("cdrom"), if *cdrom { "1" } else { "0" })?;
            write(&unit.join("ro"), if *cdrom { "1" } else { "0" })?;
            write(&unit.join("removable"), if *removable { "1" } else { "0" })?;
            // Kernels before 6.7 know one string for both kinds of drive.
            let has_two = unit.join("inquiry_string_cdrom").exists();
            let one = if *cdrom && !has_two {
                inquiry_cdrom.as_ref().or(inquiry.as_ref())
            } else {
                inquiry.as_ref()
            };
            if let Some(text) = one {
                write(&unit.join("inquiry_string"), text)?;
            }
            if let (Some(text), true) = (inquiry_cdrom, has_two) {
                write(&unit.join("inquiry_string_cdrom"), text)?;
            }
        }
        Function::Network { host_address, device_address, .. } => {
            for (file, value) in [("host_addr", host_address), ("dev_addr", device_address)] {
                if let Some(value) = value {
                    write(&dir.join(file), value)?;
                }
            }
        }
    }
    Ok((name, dir))
}

/// Waits until the device is on the bus and a driver has finished with each of its interfaces.
pub(crate) fn wait_until_bound(device: &Device) -> anyhow::Result<()> {
    let (vendor, product) = (format!("{:04x}", device.vendor_id), format!("{:04x}", device.product_id));
    let dir = wait("the device on the bus", || {
        entries("/sys/bus/usb/devices").into_iter().find_map(|name| {
            let dir = fs::canonicalize(Path::new("/sys/bus/usb/devices").join(name)).ok()?;
            let is = |file: &str, value: &str| {
                fs::read_to_string(dir.join(file)).is_ok_and(|text| text.trim() == value)
            };
            (is("idVendor", &vendor) && is("idProduct", &product)).then_some(dir)
        })
    })?;
    let mut interface = 0;
    for function in &device.functions {
        let here = interface_dir(&dir, interface)?;
        match function {
            Function::Hid { .. } => {
                wait("a HID device", || {
                    children(&here, "0003:").into_iter().find(|hid| hid.join("hidraw").exists())
                })?;
                interface += 1;
            }
            Function::MassStorage { .. } => {
                wait("a disk", || {
                    let host = children(&here, "host").into_iter().next()?;
                    let target = children(&host, "target").into_iter().next()?;
                    let unit = fs::read_dir(&target)
                        .ok()?
                        .flatten()
                        .map(|entry| entry.path())
                        .find(|path| path.join("inquiry").exists() || path.join("vendor").exists())?;
                    let block = children(&unit.join("block"), "").into_iter().next()?;
                    block.join("size").exists().then_some(())
                })?;
                interface += 1;
            }
            Function::Network { .. } => {
                wait("a network interface", || children(&here.join("net"), "").into_iter().next())?;
                interface += 2;
            }
        }
    }
    Ok(())
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

pub(crate) fn write(path: &Path, value: &str) -> anyhow::Result<()> {
    fs::write(path, value).with_context(|| format!("cannot write `{}` to `{}`", value.trim(), path.display()))
}
