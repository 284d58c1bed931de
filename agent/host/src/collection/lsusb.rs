//! What `lsusb` of usbutils printed, in its three forms: plain, `-v` and `-t`.
//!
//! Always: a device needs its line `Bus … Device …: ID …` alone, whatever else is missing is absent; names that
//! `lsusb` takes from its own tables are never taken for the device's; descriptors are rebuilt from the printed
//! fields, and class-specific ones that are printed in words are left out of them.
//! Facts: `lsusb.c` and `lsusb-t.c` of usbutils 007 to 018.

mod rebuild;
mod report_descriptor;
mod tree;
mod verbose;

pub use tree::{Tree, parse_tree};

use bearing_protocol::fact::{HidDevice, UsbDevice};

/// What a text held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its devices, in its order.
    pub devices: Vec<Listed>,
    /// Whether fields were printed (`-v`), or lines of names alone.
    pub verbose: bool,
    /// What of it made no sense.
    pub malformed: u64,
    /// Devices that end before the interfaces and endpoints that they announce.
    pub cut: u64,
    /// Devices past [`MAX_DEVICES`].
    pub over_limit: u64,
}

/// A device as `lsusb` printed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The bus number.
    pub bus: u16,
    /// Its number on the bus.
    pub number: u16,
    /// The device. Its path is empty; `place` knows it.
    pub device: UsbDevice,
    /// HID interfaces whose report descriptor was printed.
    pub hid: Vec<HidDevice>,
    /// HID interfaces whose report descriptor was not.
    pub hid_without_descriptor: u64,
}

/// Reads what `lsusb` or `lsusb -v` printed; `None` where the text is something else.
pub fn parse(text: &str) -> Option<Listing> {
    let mut listing = Listing::default();
    let mut open: Option<verbose::Reader> = None;
    let mut lines_read = 0_usize;
    for line in text.lines() {
        lines_read += 1;
        if lines_read > MAX_LINES {
            listing.over_limit += 1;
            break;
        }
        if let Some(head) = parse_head(line) {
            finish(open.take(), &mut listing);
            if listing.devices.len() == MAX_DEVICES {
                listing.over_limit += 1;
                continue;
            }
            open = Some(verbose::Reader::new(head));
        } else if let Some(reader) = &mut open {
            reader.line(line);
        }
    }
    finish(open, &mut listing);
    (!listing.devices.is_empty() || listing.over_limit > 0).then_some(listing)
}

fn finish(reader: Option<verbose::Reader>, into: &mut Listing) {
    let Some(reader) = reader else { return };
    into.verbose |= reader.is_verbose();
    into.cut += u64::from(reader.is_cut());
    let (listed, malformed) = reader.finish();
    into.malformed += malformed;
    into.devices.push(listed);
}

/// `Bus 001 Device 002: ID 046d:c52b Logitech, Inc. Unifying Receiver`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    bus: u16,
    number: u16,
    vendor_id: u16,
    product_id: u16,
}

fn parse_head(line: &str) -> Option<Head> {
    let rest = line.strip_prefix("Bus ")?;
    let (bus, rest) = rest.split_once(" Device ")?;
    let (number, rest) = rest.split_once(": ID ")?;
    let (vendor, product) = rest.get(..9)?.split_once(':')?;
    Some(Head {
        bus: bus.parse().ok()?,
        number: number.parse().ok()?,
        vendor_id: hex_word(vendor)?,
        product_id: hex_word(product)?,
    })
}

fn hex_word(text: &str) -> Option<u16> {
    (text.len() == 4).then(|| u16::from_str_radix(text, 16).ok()).flatten()
}

/// Most devices of one text: USB has 127 on a bus, and a server a dozen buses.
pub const MAX_DEVICES: usize = 4_096;
/// Most lines of one text.
const MAX_LINES: usize = 2_000_000;

#[cfg(test)]
mod tests;
