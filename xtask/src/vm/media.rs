//! A media transfer function (phone, camera) that nobody answers: descriptors through FunctionFS.
//!
//! Runs in the guest. Layout of what is written to `ep0`: kernel header `linux/usb/functionfs.h`; class triplet: Still
//! Image Capture Device Definition 1.0, section 4.

use super::guest::busybox;
use anyhow::Context;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

const DESCRIPTORS_V2: u32 = 3;
const STRINGS: u32 = 2;
/// Full and high speed descriptors follow.
const BOTH_SPEEDS: u32 = 1 | 2;
const ENGLISH: u16 = 0x0409;

/// The function while it is on the bus.
pub(crate) struct Media {
    mounted_at: PathBuf,
    control: File,
}

impl Media {
    /// Mounts the function's file system and describes the interface.
    pub(crate) fn begin(name: &str) -> anyhow::Result<Self> {
        let mounted_at = PathBuf::from(format!("/tmp/ffs-{name}"));
        fs::create_dir_all(&mounted_at)?;
        busybox(&["mount", "-t", "functionfs", name, &mounted_at.to_string_lossy()])?;
        let mut control = OpenOptions::new()
            .read(true)
            .write(true)
            .open(mounted_at.join("ep0"))
            .context("cannot describe a media function")?;
        control.write_all(&descriptors()?)?;
        control.write_all(&strings()?)?;
        Ok(Self { mounted_at, control })
    }

    /// Closes and unmounts it; the gadget is unbound by then.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        drop(self.control);
        busybox(&["umount", &self.mounted_at.to_string_lossy()])
    }
}

fn descriptors() -> anyhow::Result<Vec<u8>> {
    let one_speed = |packet: u16| {
        let mut bytes = vec![9, 4, 0, 0, 3, 6, 1, 1, 1];
        for (address, kind, size, interval) in
            [(0x81, 2, packet, 0), (0x01, 2, packet, 0), (0x82, 3, 28_u16, 6)]
        {
            bytes.extend([7, 5, address, kind]);
            bytes.extend(size.to_le_bytes());
            bytes.push(interval);
        }
        bytes
    };
    let body = [one_speed(64), one_speed(512)].concat();
    let mut bytes = Vec::new();
    for word in [DESCRIPTORS_V2, u32::try_from(body.len() + 20)?, BOTH_SPEEDS, 4, 4] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(body);
    Ok(bytes)
}

fn strings() -> anyhow::Result<Vec<u8>> {
    let text = b"MTP\0";
    let mut bytes = Vec::new();
    for word in [STRINGS, u32::try_from(16 + 2 + text.len())?, 1, 1] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(ENGLISH.to_le_bytes());
    bytes.extend(text);
    Ok(bytes)
}
