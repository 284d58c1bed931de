//! Input devices as the kernel names them.
//!
//! Facts: `drivers/input/input.c` (`/proc/bus/input/devices`, `/sys/class/input`),
//! `include/uapi/linux/input-event-codes.h` of Linux. Bitmaps are hexadecimal words of the kernel's word
//! size, the highest first: bits below 32 are always in the last one.

use std::{collections::BTreeMap, path::Path};

use bearing_protocol::fact::InputDevice;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::Root,
    sysfs::{self, Attributes},
};

/// Reads the source: `/proc/bus/input/devices`, and what only `/sys/class/input` has.
pub(crate) fn read(context: &Context) -> Read<Vec<InputDevice>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let mut devices = BTreeMap::new();
    let listed = match root.read_text(LIST, MAX_LIST_BYTES) {
        Ok(text) => {
            let (parsed, malformed) = parse_list(&text);
            gaps.add_many("entries", Why::Malformed, malformed);
            devices.extend(parsed.into_iter().map(|device| (device.path.clone(), device)));
            Ok(())
        }
        Err(error) => Err(error),
    };
    let found = from_class(root, &mut devices, &mut gaps);
    match (listed, found) {
        (Err(error), Err(_)) => return Err(error.into()),
        (Err(error), Ok(())) => gaps.add_error("lists of devices", &error),
        _ => {}
    }
    if devices.len() > MAX_DEVICES {
        gaps.add_many(
            "devices",
            Why::OverLimit,
            (devices.len() - MAX_DEVICES).try_into().unwrap_or(u64::MAX),
        );
    }
    let devices: Vec<_> = devices.into_values().take(MAX_DEVICES).collect();
    let summary = format!("{} devices", devices.len());
    Ok(Reading::with_gaps(devices, summary, gaps))
}

/// Reads `/proc/bus/input/devices`; the second value counts entries without a place in `/sys`.
pub fn parse_list(text: &str) -> (Vec<InputDevice>, u64) {
    let mut devices = Vec::new();
    let mut malformed = 0;
    for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let mut device = InputDevice::default();
        let mut location = None;
        for line in block.lines() {
            if let Some(ids) = line.strip_prefix("I: ") {
                let id = |name: &str| {
                    ids.split(' ')
                        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
                        .and_then(sysfs::hex_u16)
                };
                device.bus = id("Bus").unwrap_or_default();
                device.vendor_id = id("Vendor").unwrap_or_default();
                device.product_id = id("Product").unwrap_or_default();
            } else if let Some(name) = line.strip_prefix("N: Name=") {
                let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
                device.name = (!name.is_empty()).then(|| name.to_owned());
            } else if let Some(place) = line.strip_prefix("S: Sysfs=") {
                location = Some(place);
            } else if let Some((kind, bits)) = line.strip_prefix("B: ").and_then(|line| line.split_once('='))
            {
                apply_bits(&mut device, &kind.to_ascii_lowercase(), bits);
            }
        }
        match location.and_then(|place| Path::new(place).file_name()?.to_str()) {
            Some(name) => {
                device.path = name.to_owned();
                place(&mut device, Path::new(location.unwrap_or_default()));
                devices.push(device);
            }
            None => malformed += 1,
        }
    }
    (devices, malformed)
}

fn from_class(
    root: &Root,
    devices: &mut BTreeMap<String, InputDevice>,
    gaps: &mut Gaps,
) -> Result<(), Unread> {
    let listing = root.list_dir(CLASS, MAX_ENTRIES)?;
    if listing.truncated {
        gaps.add("lists of devices", Why::OverLimit);
    }
    for name in listing.names {
        let number = name.strip_prefix("input");
        if number.is_none_or(|n| n.parse::<u32>().is_err()) || devices.contains_key(&name) {
            continue;
        }
        let directory = Path::new(CLASS).join(&name);
        let location = sysfs::location(root, &directory);
        let mut from = Attributes { root, directory, gaps };
        let mut device = InputDevice {
            path: name.clone(),
            name: from.text("name"),
            bus: from.parsed("id/bustype", sysfs::hex_u16).unwrap_or_default(),
            vendor_id: from.parsed("id/vendor", sysfs::hex_u16).unwrap_or_default(),
            product_id: from.parsed("id/product", sysfs::hex_u16).unwrap_or_default(),
            ..InputDevice::default()
        };
        for kind in ["key", "rel", "abs"] {
            if let Some(bits) = from.text(&format!("capabilities/{kind}")) {
                apply_bits(&mut device, kind, &bits);
            }
        }
        place(&mut device, &location);
        devices.insert(name, device);
    }
    Ok(())
}

fn apply_bits(device: &mut InputDevice, kind: &str, bits: &str) {
    match kind {
        "key" => device.keyboard = low_bits(bits) & TOP_ROW == TOP_ROW,
        "rel" => device.relative = any_bit(bits),
        "abs" => device.absolute = any_bit(bits),
        _ => {}
    }
}

fn place(device: &mut InputDevice, location: &Path) {
    device.is_virtual = sysfs::is_virtual(location) || sysfs::is_virtual(&Path::new("/sys").join(location));
    device.usb_path = sysfs::usb_of(location).map(|(usb, _)| usb);
}

/// Bits 0 to 31 of a bitmap.
pub(crate) fn low_bits(bitmap: &str) -> u32 {
    let last = bitmap.split_whitespace().next_back().unwrap_or_default();
    let word = u64::from_str_radix(last, 16).unwrap_or_default();
    u32::try_from(word & u64::from(u32::MAX)).unwrap_or_default()
}

fn any_bit(bitmap: &str) -> bool {
    bitmap.bytes().any(|b| b.is_ascii_hexdigit() && b != b'0')
}

const LIST: &str = "/proc/bus/input/devices";
const CLASS: &str = "/sys/class/input";
/// KEY_Q (16) to KEY_P (25): what has all of them is a keyboard, whatever else it is.
const TOP_ROW: u32 = 0x03ff_0000;
/// Most devices.
const MAX_DEVICES: usize = 1024;
/// Most entries of `/sys/class/input`: each device has several.
const MAX_ENTRIES: usize = 8192;
/// Most bytes of the list.
const MAX_LIST_BYTES: usize = 1024 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    const TWO: &str = "I: Bus=0011 Vendor=0001 Product=0001 Version=ab41\n\
        N: Name=\"AT Translated Set 2 keyboard\"\nP: Phys=isa0060/serio0/input0\n\
        S: Sysfs=/devices/platform/i8042/serio0/input/input1\nU: Uniq=\n\
        H: Handlers=sysrq kbd event0 leds\nB: PROP=0\nB: EV=120013\n\
        B: KEY=402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\nB: MSC=10\nB: LED=7\n\n\
        I: Bus=0003 Vendor=413c Product=301a Version=0111\nN: Name=\"Mouse \"quoted\"\"\n\
        S: Sysfs=/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/0003:413C:301A.0002/input/input7\n\
        B: EV=17\nB: KEY=70000 0 0 0 0\nB: REL=903\n\n\
        I: Bus=0003 Vendor=0001 Product=0001 Version=0001\nN: Name=\"a program's\"\n\
        S: Sysfs=/devices/virtual/input/input9\nB: EV=9\nB: ABS=3\n\n\
        garbage\n";

    #[test]
    fn the_list_is_read() {
        let (devices, malformed) = parse_list(TWO);
        assert_eq!(malformed, 1);
        let [keyboard, mouse, program] = &devices[..] else { panic!("{devices:?}") };
        assert_eq!((keyboard.path.as_str(), keyboard.keyboard, keyboard.relative), ("input1", true, false));
        assert!(!keyboard.is_virtual);
        assert_eq!((mouse.keyboard, mouse.relative, mouse.absolute), (false, true, false));
        assert_eq!(mouse.name.as_deref(), Some("Mouse \"quoted\""));
        assert_eq!(mouse.usb_path.as_deref(), Some("1-2"));
        assert_eq!((program.is_virtual, program.absolute, program.bus), (true, true, 3));
    }

    #[test]
    fn a_copy_with_only_sysfs_is_read_too() {
        let machine = Machine::new();
        machine
            .files("/sys/class/input/input3", &[("name", "Dell Keyboard"), ("capabilities/key", "0 0 0 0")])
            .files(
                "/sys/class/input/input3/id",
                &[("bustype", "0003"), ("vendor", "413c"), ("product", "2011")],
            )
            .file(
                "/sys/class/input/input3/capabilities/key",
                "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n",
            )
            .directory("/sys/class/input/event3")
            .directory("/sys/class/input/mice");
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.gaps.describe(), "");
        let [device] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!((device.vendor_id, device.product_id, device.keyboard), (0x413c, 0x2011, true));
    }

    #[test]
    fn words_of_32_bits_are_read_alike() {
        assert_eq!(low_bits("fffffffe"), 0xffff_fffe);
        assert_eq!(low_bits("1 3ff0000"), TOP_ROW);
        assert_eq!(low_bits("not hex"), 0);
    }
}
