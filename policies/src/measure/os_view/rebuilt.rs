//! A report descriptor written anew from its meaning, as a reader of Windows' parsed capabilities has to.
//!
//! Always: equal in meaning (the semantic keys are the same, but for a key array's logical maximum, which Windows
//! does not show), never equal in bytes: every item is written with four bytes of data, which no device does.
//! Items: HID 1.11 section 6.2.2.

use bearing_descriptors::hid::{self, CollectionKind, Field, FieldKind, ReportDescriptor};

// Prefixes with bSize 3: four bytes of data follow.
const USAGE: u8 = 0x0b;
const USAGE_MINIMUM: u8 = 0x1b;
const USAGE_MAXIMUM: u8 = 0x2b;
const LOGICAL_MINIMUM: u8 = 0x17;
const LOGICAL_MAXIMUM: u8 = 0x27;
const REPORT_SIZE: u8 = 0x77;
const REPORT_ID: u8 = 0x87;
const REPORT_COUNT: u8 = 0x97;
const INPUT: u8 = 0x83;
const OUTPUT: u8 = 0x93;
const FEATURE: u8 = 0xb3;
const COLLECTION: u8 = 0xa3;
const END_COLLECTION: u8 = 0xc0;
/// Vendor-defined collections (6.2.2.6 table): the kind is not kept by the parser.
const VENDOR_COLLECTION: u32 = 0x80;

/// The descriptor's meaning in other bytes; empty where there is none.
pub fn rebuild(bytes: &[u8]) -> Vec<u8> {
    let (parsed, _) = hid::parse_prefix(bytes);
    let mut out = Vec::new();
    for (index, collection) in parsed.collections.iter().enumerate() {
        if collection.parent.is_none() {
            write_collection(&parsed, index, &mut out);
        }
    }
    out
}

/// One collection with all that stands in it, deepest last; depth is bounded by the parser.
fn write_collection(parsed: &ReportDescriptor, index: usize, out: &mut Vec<u8>) {
    let Some(collection) = parsed.collections.get(index) else { return };
    item(USAGE, extended(collection.usage.0, collection.usage.1), out);
    let kind = match collection.kind {
        CollectionKind::Physical => 0,
        CollectionKind::Application => 1,
        CollectionKind::Logical => 2,
        CollectionKind::Report => 3,
        CollectionKind::NamedArray => 4,
        CollectionKind::UsageSwitch => 5,
        CollectionKind::UsageModifier => 6,
        CollectionKind::Other => VENDOR_COLLECTION,
    };
    item(COLLECTION, kind, out);
    for field in parsed.fields.iter().filter(|field| field.collection == Some(index)) {
        write_field(field, out);
    }
    for (child, inner) in parsed.collections.iter().enumerate() {
        if inner.parent == Some(index) {
            write_collection(parsed, child, out);
        }
    }
    out.push(END_COLLECTION);
}

fn write_field(field: &Field, out: &mut Vec<u8>) {
    if let Some(id) = field.report_id {
        item(REPORT_ID, u32::from(id), out);
    }
    for range in &field.usages {
        if range.first == range.last {
            item(USAGE, extended(range.page, range.first), out);
        } else {
            item(USAGE_MINIMUM, extended(range.page, range.first), out);
            item(USAGE_MAXIMUM, extended(range.page, range.last), out);
        }
    }
    item(LOGICAL_MINIMUM, field.logical_minimum.cast_unsigned(), out);
    let maximum = i32::try_from(field.effective_maximum()).unwrap_or(i32::MAX);
    item(LOGICAL_MAXIMUM, maximum.cast_unsigned(), out);
    item(REPORT_SIZE, field.report_size, out);
    item(REPORT_COUNT, field.report_count, out);
    let tag = match field.kind {
        FieldKind::Input => INPUT,
        FieldKind::Output => OUTPUT,
        FieldKind::Feature => FEATURE,
    };
    item(tag, field.flags, out);
}

fn extended(page: u16, usage: u16) -> u32 {
    u32::from(page) << 16 | u32::from(usage)
}

fn item(prefix: u8, data: u32, out: &mut Vec<u8>) {
    out.push(prefix);
    out.extend(data.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::kvm::form::DeviceForm, embedded, source_text};

    #[test]
    fn every_descriptor_of_the_catalogue_keeps_its_meaning_and_loses_its_bytes() {
        let mut seen = 0;
        for (path, text) in embedded::KVM {
            // Lists and scores are other forms.
            let Ok(device) = source_text::parse::<DeviceForm>(path, text) else { continue };
            for descriptor in device.report_descriptor.iter().filter(|descriptor| !descriptor.fragment) {
                let bytes = hex::decode(&descriptor.hex).unwrap();
                let again = rebuild(&bytes);
                let (before, after) = (hid::parse(&bytes).unwrap(), hid::parse(&again).unwrap());
                assert_ne!(before.sha256, after.sha256);
                assert_eq!(before.longest_input_report(), after.longest_input_report());
                let mut expected = before.keys();
                for key in &mut expected {
                    key.inverted_key_maximum = None;
                }
                assert_eq!(expected, after.keys(), "{path} {}", descriptor.role);
                seen += 1;
            }
        }
        assert!(seen > 20, "{seen}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_rebuild_without_a_panic_to_something_readable(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)
        ) {
            let again = rebuild(&bytes);
            let _ = hid::parse_prefix(&again);
        }
    }
}
