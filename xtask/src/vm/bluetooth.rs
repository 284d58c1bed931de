//! A Bluetooth HID device as the kernel sees it: given through `/dev/uhid`, as Bluetooth daemons do.
//!
//! Runs in the guest. Layout: kernel header `linux/uhid.h`, `struct uhid_create2_req`. The device is there as long as
//! the file is open.

use super::bound;
use super::plan::{Device, Function};
use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::io::Write;

const CREATE2: u32 = 11;
const BUS_BLUETOOTH: u16 = 5;
const MAX_DESCRIPTOR_BYTES: usize = 4096;

/// Gives the device to the kernel, waits until a driver has it, and gives the kernel's name for it.
pub(crate) fn pair(device: &Device) -> anyhow::Result<(File, String)> {
    let Some(Function::Hid { report_descriptor, .. }) = device.functions.first() else {
        anyhow::bail!("a Bluetooth device here has one HID function");
    };
    let mut descriptor = super::unhex(report_descriptor)?;
    let size = u16::try_from(descriptor.len())?;
    descriptor.resize(MAX_DESCRIPTOR_BYTES, 0);
    let mut event = CREATE2.to_le_bytes().to_vec();
    event.extend(text::<128>(device.product.as_deref()));
    event.extend(text::<64>(Some("02:00:00:00:00:01")));
    event.extend(text::<64>(device.serial.as_deref()));
    event.extend(size.to_le_bytes());
    event.extend(BUS_BLUETOOTH.to_le_bytes());
    for word in [device.vendor_id, device.product_id, device.device_version, 0] {
        event.extend(u32::from(word).to_le_bytes());
    }
    event.extend(descriptor);
    let mut file =
        OpenOptions::new().read(true).write(true).open("/dev/uhid").context("cannot open /dev/uhid")?;
    file.write_all(&event)?;
    let prefix = format!("0005:{:04X}:{:04X}.", device.vendor_id, device.product_id);
    let name = bound::wait("a Bluetooth HID device", || {
        bound::entries("/sys/bus/hid/devices").into_iter().find(|name| {
            name.starts_with(&prefix)
                && std::path::Path::new("/sys/bus/hid/devices").join(name).join("driver").exists()
        })
    })?;
    Ok((file, name))
}

fn text<const SIZE: usize>(value: Option<&str>) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    for (to, from) in bytes.iter_mut().take(SIZE - 1).zip(value.unwrap_or_default().bytes()) {
        *to = from;
    }
    bytes
}
