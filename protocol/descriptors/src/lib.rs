//! Pure parsers of the bytes by which devices describe themselves: USB, HID, EDID, SCSI.
//!
//! Always: bytes in, values or a typed error out; arbitrary input never panics, never loops, and never
//! takes more memory than the named limits allow; nothing is guessed, what is not understood is kept opaque.
//! Never here: files, the operating system, judgement about what a device is.

pub mod edid;
pub mod hid;
pub mod inquiry;
pub mod usb;

mod bytes;

use sha2::{Digest as _, Sha256};

/// SHA-256 of `bytes`, as 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
