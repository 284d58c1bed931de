//! Inquiry strings of block devices.
//!
//! Facts: SPC-4 section 6.4.2 (8, 16 and 4 bytes, filled with blanks); `drivers/scsi/scsi_sysfs.c` and
//! `Documentation/ABI/stable/sysfs-block` of Linux.

use std::path::Path;

use bearing_protocol::fact::StorageDevice;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    sysfs::{self, Attributes},
};

/// Reads the source. Only what has a device behind it: no loop, RAM or mapped devices.
pub(crate) fn read(context: &Context) -> Read<Vec<StorageDevice>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let listing = root.list_dir(BLOCK, MAX_DEVICES)?;
    if listing.truncated {
        gaps.add("lists of devices", Why::OverLimit);
    }
    let mut devices = Vec::new();
    for name in listing.names {
        let block = Path::new(BLOCK).join(&name);
        let behind = block.join("device");
        if !root.exists(&behind) {
            continue;
        }
        let location = sysfs::location(root, &block);
        let usb = sysfs::usb_of(&location).or_else(|| sysfs::usb_of(&sysfs::location(root, &behind)));
        let mut from = Attributes { root, directory: block, gaps: &mut gaps };
        let removable = from.parsed("removable", sysfs::flag);
        from.directory = behind;
        devices.push(StorageDevice {
            name,
            vendor: from.text("vendor"),
            model: from.text("model"),
            revision: from.text("rev").or_else(|| from.text("firmware_rev")),
            device_type: from.parsed("type", |text| Some(text.parse::<u8>().ok())).flatten(),
            removable,
            usb_path: usb.map(|(device, _)| device),
        });
    }
    let summary = format!("{} devices", devices.len());
    Ok(Reading::with_gaps(devices, summary, gaps))
}

const BLOCK: &str = "/sys/block";
/// Most devices.
const MAX_DEVICES: usize = 4096;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn inquiry_strings_keep_their_blanks() {
        let machine = Machine::new();
        let scsi = "devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.2/host0/target0:0:0/0:0:0:0";
        machine
            .files(
                &format!("/sys/{scsi}"),
                &[("vendor", "PiKVM   "), ("model", "CD-ROM Drive    "), ("rev", "0606"), ("type", "5")],
            )
            .files(&format!("/sys/{scsi}/block/sr0"), &[("removable", "1")])
            .link(&format!("/sys/{scsi}/block/sr0/device"), "../../../0:0:0:0")
            .link("/sys/block/sr0", format!("../{scsi}/block/sr0"))
            .files("/sys/block/loop0", &[("removable", "0")])
            .files("/sys/block/nvme0n1", &[("removable", "0")])
            .files("/sys/block/nvme0n1/device", &[("model", "Disk 9000"), ("firmware_rev", "1B2Q")])
            .file("/sys/block/sdz/device/vendor", vec![b' '; 2 * 1024 * 1024]);
        let reading = read(&machine.context()).unwrap();
        let [nvme, garbage, optical] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!(optical.vendor.as_deref(), Some("PiKVM   "));
        assert_eq!(optical.model.as_deref(), Some("CD-ROM Drive    "));
        assert_eq!((optical.device_type, optical.removable), (Some(5), Some(true)));
        assert_eq!(optical.usb_path.as_deref(), Some("1-1"));
        assert_eq!((nvme.revision.as_deref(), &nvme.usb_path), (Some("1B2Q"), &None));
        assert_eq!((garbage.name.as_str(), &garbage.vendor), ("sdz", &None));
        assert_eq!(reading.gaps.describe(), "1 attributes: over the limit");
    }
}
