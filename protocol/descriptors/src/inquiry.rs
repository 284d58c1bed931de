//! SCSI inquiry strings: vendor (8 bytes), product (16) and revision (4), padded with blanks.
//!
//! Always: SPC-4, section 6.4.2: printable ASCII, left-aligned, blank-padded. What devices really send may hold
//! NULs, control bytes and text that runs over from one field into the next (a 24-byte `inquiry_string` cut at 8).

use serde::{Deserialize, Serialize};

/// Length of the vendor field, in bytes.
pub const VENDOR_BYTES: usize = 8;
/// Length of the product field, in bytes.
pub const PRODUCT_BYTES: usize = 16;
/// Length of the revision field, in bytes.
pub const REVISION_BYTES: usize = 4;

/// Inquiry strings made comparable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Inquiry {
    /// Vendor, without padding.
    pub vendor: String,
    /// Product, without padding.
    pub product: String,
    /// Revision, without padding.
    pub revision: String,
}

impl Inquiry {
    /// From three fields as an operating system shows them.
    pub fn new(vendor: &str, product: &str, revision: &str) -> Self {
        Self { vendor: normalise(vendor), product: normalise(product), revision: normalise(revision) }
    }

    /// From the raw standard inquiry data (SPC-4 table 139: vendor at byte 8, product at 16, revision at 32).
    pub fn from_standard_data(data: &[u8]) -> Option<Self> {
        let field = |at: usize, len: usize| data.get(at..at + len).map(String::from_utf8_lossy);
        Some(Self::new(&field(8, VENDOR_BYTES)?, &field(16, PRODUCT_BYTES)?, &field(32, REVISION_BYTES)?))
    }

    /// Vendor and product as one text: a string written over the field border reads whole again
    /// (`KVM  Vir` + `tual Media` → `kvm virtual media`), lower case, blanks collapsed.
    pub fn joined(&self, raw_vendor: &str, raw_product: &str) -> String {
        let mut text = String::new();
        let full = raw_vendor.trim_end_matches(['\0', ' ']).chars().count() >= VENDOR_BYTES;
        text.push_str(raw_vendor.trim_end_matches(['\0', ' ']));
        if !full {
            text.push(' ');
        }
        text.push_str(raw_product);
        normalise(&text).to_lowercase()
    }
}

/// The standard inquiry data. SPC-4 section 6.4.2, table 139.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StandardInquiry {
    /// Peripheral qualifier: 0 where a device is there.
    pub qualifier: u8,
    /// Peripheral device type (table 141): 0 disk, 5 CD and DVD.
    pub device_type: u8,
    /// Whether the medium can be taken out (RMB).
    pub removable: bool,
    /// Version of the standard it claims.
    pub version: u8,
    /// Its strings.
    pub strings: Inquiry,
}

/// Why bytes are not standard inquiry data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InquiryError {
    /// Fewer bytes than the strings need.
    #[error("inquiry data of {bytes} bytes: the strings end at byte {STANDARD_BYTES}")]
    Truncated {
        /// How many.
        bytes: usize,
    },
    /// ADDITIONAL LENGTH ends before the strings do.
    #[error("inquiry data says that {says} bytes are valid: the strings end at byte {STANDARD_BYTES}")]
    Short {
        /// What it says, its head included.
        says: usize,
    },
}

/// Reads standard inquiry data.
///
/// # Errors
/// See [`InquiryError`].
pub fn parse(data: &[u8]) -> Result<StandardInquiry, InquiryError> {
    let truncated = InquiryError::Truncated { bytes: data.len() };
    let byte = |at: usize| data.get(at).copied().ok_or(truncated);
    let strings = Inquiry::from_standard_data(data).ok_or(truncated)?;
    let says = usize::from(byte(4)?) + ADDITIONAL_LENGTH_AFTER;
    if says < STANDARD_BYTES {
        return Err(InquiryError::Short { says });
    }
    Ok(StandardInquiry {
        qualifier: byte(0)? >> 5,
        device_type: byte(0)? & 0x1f,
        removable: byte(1)? & 0x80 != 0,
        version: byte(2)?,
        strings,
    })
}

/// Where the strings end.
const STANDARD_BYTES: usize = 36;
/// ADDITIONAL LENGTH counts the bytes behind itself, at byte 4.
const ADDITIONAL_LENGTH_AFTER: usize = 5;

/// Trims padding, turns NULs and control characters into blanks and collapses runs of blanks.
pub fn normalise(text: &str) -> String {
    let cleaned: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel's gadget answers (`f_mass_storage.c`): a CD-ROM, SPC-2, 31 more bytes.
    fn gadget() -> Vec<u8> {
        let mut data = vec![0x05, 0x80, 0x02, 0x02, 31, 0, 0, 0];
        data.extend(b"PiKVM   CD-ROM Drive    0606");
        data
    }

    #[test]
    fn standard_data_is_read_whole() {
        let read = parse(&gadget()).unwrap();
        assert_eq!((read.qualifier, read.device_type, read.removable, read.version), (0, 5, true, 2));
        assert_eq!(read.strings, Inquiry::new("PiKVM", "CD-ROM Drive", "0606"));
    }

    #[test]
    fn short_data_is_an_error() {
        let mut data = gadget();
        for end in 0..data.len() {
            assert_eq!(parse(&data[..end]), Err(InquiryError::Truncated { bytes: end }));
        }
        data[4] = 30;
        assert_eq!(parse(&data), Err(InquiryError::Short { says: 35 }));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80), text in "\\PC{0,40}") {
            let _ = parse(&bytes);
            let _ = Inquiry::new(&text, &text, &text).joined(&text, &text);
        }
    }

    #[test]
    fn padding_and_nuls_do_not_count() {
        let inquiry = Inquiry::new("Linux   ", "File-Stor Gadget\0", "0510");
        assert_eq!(inquiry, Inquiry::new("Linux", "File-Stor Gadget", "0510 "));
    }

    #[test]
    fn a_string_cut_at_the_field_border_reads_whole() {
        let inquiry = Inquiry::new("KVM  Vir", "tual Media", "");
        assert_eq!(inquiry.joined("KVM  Vir", "tual Media"), "kvm virtual media");
        assert_eq!(Inquiry::default().joined("JetKVM  ", "Virtual Media   "), "jetkvm virtual media");
    }

    #[test]
    fn standard_data_too_short_is_nothing() {
        assert_eq!(Inquiry::from_standard_data(&[0; 35]), None);
        let mut data = vec![0; 8];
        data.extend(b"PiKVM   Optical Drive   1.00");
        assert_eq!(Inquiry::from_standard_data(&data), Some(Inquiry::new("PiKVM", "Optical Drive", "1.00")));
    }
}
