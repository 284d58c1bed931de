//! Making a USB gadget through configfs, and taking it away again.
//!
//! Runs in the guest. Paths and values: kernel documentation, `usb/gadget_configfs`. Each gadget has a loop-back
//! controller of its own, so that several hang on the machine side by side. The kernel gives out four HID functions
//! at most (`HIDG_MINORS` in `drivers/usb/gadget/function/f_hid.c`).

use super::plan::{Device, Function, Speed};
use super::{bound, media};
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

/// HID functions that all gadgets together may have.
pub(crate) const HID_FUNCTIONS: usize = 4;
/// Loop-back controllers that are loaded.
pub(crate) const CONTROLLERS: usize = 8;
const GADGETS: &str = "/sys/kernel/config/usb_gadget";

/// A gadget that is plugged in; what it needs to stay open is in it.
pub(crate) struct Gadget {
    number: usize,
    media: Vec<media::Media>,
}

/// Loads the loop-back controllers for this speed.
pub(crate) fn controllers(speed: Speed, count: usize) -> anyhow::Result<()> {
    let high = if speed == Speed::High { "is_high_speed=1" } else { "is_high_speed=0" };
    super::guest::load("dummy_hcd", &format!("{high} num={count}"))
}

/// Creates the gadget, connects it to its controller, and gives the kernel's name for its place.
///
/// The network function of the gadget before may still be leaving the controller's directory when this one's arrives: the kernel then refuses
/// as busy, and binding the same function again would crash it (6.1, `register_netdevice`). Another gadget is made from the start instead.
pub(crate) fn plug(device: &Device, number: usize) -> anyhow::Result<(Gadget, String)> {
    let controller = format!("dummy_udc.{number}");
    bound::wait("a loop-back controller", || {
        Path::new("/sys/class/udc").join(&controller).exists().then_some(())
    })?;
    let made = bound::wait("the controller to take the gadget", || {
        let made = match make(device, number) {
            Ok(made) => made,
            Err(error) => return Some(Err(error)),
        };
        match fs::write(dir(number).join("UDC"), &controller) {
            Ok(()) => Some(Ok(made)),
            Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy => remove(made).err().map(Err),
            Err(error) => {
                let error = anyhow::Error::new(error);
                Some(Err(error.context(format!("cannot bind the gadget to `{controller}`"))))
            }
        }
    })??;
    let mark = format!("/dummy_hcd.{number}/");
    let place = bound::wait_until_bound(device, &|path| path.to_string_lossy().contains(&mark))?;
    Ok((made, place))
}

/// Creates the gadget, not connected yet.
fn make(device: &Device, number: usize) -> anyhow::Result<Gadget> {
    let gadget = dir(number);
    fs::create_dir(&gadget).context("cannot create the gadget")?;
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
    let mut made = Gadget { number, media: Vec::new() };
    for (place, function) in device.functions.iter().enumerate() {
        let (name, dir) = create(&gadget, number, place, function, &mut made)?;
        std::os::unix::fs::symlink(&dir, configuration.join(name))?;
    }
    Ok(made)
}

/// Disconnects and removes the gadget.
pub(crate) fn unplug(made: Gadget) -> anyhow::Result<()> {
    write(&dir(made.number).join("UDC"), "\n")?;
    remove(made)
}

fn remove(made: Gadget) -> anyhow::Result<()> {
    let gadget = dir(made.number);
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
    for media in made.media {
        media.end()?;
    }
    for function in bound::entries(&gadget.join("functions").to_string_lossy()) {
        fs::remove_dir(gadget.join("functions").join(function))?;
    }
    fs::remove_dir(gadget.join("strings/0x409"))?;
    fs::remove_dir(gadget).context("cannot remove the gadget")
}

fn dir(number: usize) -> PathBuf {
    Path::new(GADGETS).join(format!("rig{number}"))
}

fn create(
    gadget: &Path,
    number: usize,
    place: usize,
    function: &Function,
    made: &mut Gadget,
) -> anyhow::Result<(String, PathBuf)> {
    let kind = match function {
        Function::Hid { .. } => "hid",
        Function::MassStorage { .. } => "mass_storage",
        Function::Network { function, .. } => function,
        Function::Serial => "acm",
        Function::Media => "ffs",
        Function::Other { .. } => anyhow::bail!("the gadget stack has no bare interfaces"),
    };
    let name = format!("{kind}.usb{number}{place}");
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
        Function::MassStorage { cdrom, removable, inquiry, inquiry_cdrom, .. } => {
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
        Function::Media => made.media.push(media::Media::begin(&format!("usb{number}{place}"))?),
        Function::Serial | Function::Other { .. } => {}
    }
    Ok((name, dir))
}

pub(crate) fn write(path: &Path, value: &str) -> anyhow::Result<()> {
    fs::write(path, value).with_context(|| format!("cannot write `{}` to `{}`", value.trim(), path.display()))
}
