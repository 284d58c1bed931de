use super::*;
use crate::hid::CollectionKey;

fn key(hex_text: &str) -> CollectionKey {
    let descriptor = parse(&hex::decode(hex_text).unwrap()).unwrap();
    let mut keys = descriptor.keys();
    assert_eq!(keys.len(), 1, "one outermost collection");
    keys.remove(0)
}

// Facts about shipped descriptors, each from the product's own source (see the catalogue).
const PIKVM_ABSOLUTE: &str = "05010902a1010901a1000509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f750895018106050c0a38021581257f750895018106c0c0";
const TINYPILOT_ABSOLUTE: &str = "05010902a1010509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f750895018106050c0a38021581257f750895018106c0";
const NANOKVM_KEYBOARD: &str = "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025e70507190029e78100c0";
const UNIFYING_MOUSE: &str = "05010902a10185020901a100951075011500250105091901291081029502750c1601f826ff070501093009318106950175081581257f093881069501050c0a38028106c0c0050c0901a101850395027510150126ff0219012aff028100c005010980a10185049501750215012503098209810983810075068103c006bcff0988a101850895017508150126ff00190129ff8100c0";

#[test]
fn an_absolute_pointer_is_read_by_meaning() {
    let key = key(PIKVM_ABSOLUTE);
    assert_eq!(key.buttons, 8);
    assert!(key.is_absolute_pointer() && key.wheel && key.ac_pan && key.physical);
    assert_eq!(key.x.unwrap().maximum, 32_767);
    assert_eq!(key.to_string(), "absolute pointer, 8 buttons, wheel, horizontal wheel");
}

#[test]
fn the_missing_physical_collection_tells_two_products_apart() {
    let (a, b) = (key(PIKVM_ABSOLUTE), key(TINYPILOT_ABSOLUTE));
    assert!(!b.physical && a != b);
}

#[test]
fn the_inverted_key_maximum_is_kept() {
    let key = key(NANOKVM_KEYBOARD);
    assert!(key.is_keyboard());
    assert_eq!(key.inverted_key_maximum, Some(0xe7));
}

#[test]
fn another_encoding_of_the_same_meaning_has_the_same_key() {
    // 16 00 00 (two-byte zero) written as 15 00.
    let other = PIKVM_ABSOLUTE.replace("160000", "1500");
    assert_ne!(PIKVM_ABSOLUTE, other);
    assert_eq!(key(PIKVM_ABSOLUTE), key(&other));
}

#[test]
fn a_receiver_has_four_collections_with_report_ids() {
    let descriptor = parse(&hex::decode(UNIFYING_MOUSE).unwrap()).unwrap();
    let keys = descriptor.keys();
    assert_eq!(keys.len(), 4);
    assert_eq!(keys[0].report_ids, [2]);
    assert!(keys[0].is_pointer() && !keys[0].is_absolute_pointer());
    assert_eq!(descriptor.longest_input_report(), Some(8));
}

#[test]
fn a_tablet_is_no_absolute_mouse() {
    let tablet = PIKVM_ABSOLUTE.to_owned() + "050d0902a101c0";
    let descriptor = parse(&hex::decode(tablet).unwrap()).unwrap();
    assert!(!descriptor.keys()[0].is_absolute_pointer());
}

#[test]
fn push_and_pop_restore_the_global_state() {
    // Usage page 1, push, usage page 9, pop, usage 2, collection.
    let descriptor = parse(&hex::decode("0501a40509b40902a101c0").unwrap()).unwrap();
    assert_eq!(descriptor.collections[0].usage, (1, 2));
    assert_eq!(parse(&[0xb4]), Err(HidError::NothingToPop { offset: 0 }));
}

#[test]
fn sixty_collections_deep_in_four_thousand_bytes_is_read() {
    let mut bytes = [0xa1, 0x02].repeat(60);
    bytes.extend([0x81, 0x02].repeat(1_958));
    bytes.extend([0xc0].repeat(60));
    assert_eq!(bytes.len(), 4_096);
    let descriptor = parse(&bytes).unwrap();
    assert_eq!(descriptor.collections.len(), 60);
    assert_eq!(descriptor.keys().len(), 1);
}

#[test]
fn what_breaks_the_standard_is_named() {
    assert_eq!(parse(&[0xc0]), Err(HidError::NothingToClose { offset: 0 }));
    assert_eq!(parse(&[0xa1, 0x01]), Err(HidError::Unclosed { count: 1 }));
    assert_eq!(parse(&[0x85, 0x00]), Err(HidError::ReportId { id: 0, offset: 0 }));
    let deep = [0xa1, 0x01].repeat(MAX_DEPTH + 1);
    assert!(matches!(parse(&deep), Err(HidError::TooMany { .. })));
    let long = vec![0; MAX_REPORT_DESCRIPTOR_BYTES + 1];
    assert!(matches!(parse(&long), Err(HidError::TooLong { .. })));
}

#[test]
fn a_range_is_one_entry_and_four_byte_usages_bring_their_page() {
    // Usage page 7; usages 0..=65535; input. Then usage 000d0042 under page 1; input.
    let descriptor = parse(&hex::decode("0507a101190029ff810005010b42000d008102c0").unwrap()).unwrap();
    assert_eq!(descriptor.fields[0].usages, [UsageRange { page: 7, first: 0, last: 255 }]);
    assert_eq!(descriptor.fields[1].usages, [UsageRange { page: 0x0d, first: 0x42, last: 0x42 }]);
    assert!(descriptor.names_page(0x0d));
    let wide = parse(&hex::decode("0507a1011a00002affff8100c0").unwrap()).unwrap();
    assert_eq!(wide.fields[0].usages, [UsageRange { page: 7, first: 0, last: 65_535 }]);
}

#[test]
fn long_items_and_delimiters_are_passed_over() {
    // A long item of three bytes; a delimiter set with two alternative usages, the preferred one first.
    let descriptor = parse(&hex::decode("fe03f00102030501a9010906090aa900a101c0").unwrap()).unwrap();
    assert_eq!(descriptor.collections[0].usage, (1, 6));
    for cut in ["fe", "fe03", "fe03f0", "fe03f001"] {
        assert!(
            matches!(parse(&hex::decode(cut).unwrap()), Err(HidError::Truncated { offset: 0, .. })),
            "{cut}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn mutated_descriptors_never_panic(changes in proptest::collection::vec((0_usize..148, proptest::num::u8::ANY), 1..30)) {
        let mut bytes = hex::decode(UNIFYING_MOUSE).unwrap();
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) { *place = byte; }
        }
        let (descriptor, error) = parse_prefix(&bytes);
        let _ = (descriptor.keys(), descriptor.longest_input_report());
        // What is read strictly is what was read as far as it went.
        proptest::prop_assert_eq!(parse(&bytes).is_ok(), error.is_none());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..512)) {
        let (descriptor, _) = parse_prefix(&bytes);
        let _ = (descriptor.keys(), descriptor.longest_input_report(), crate::hid::decode_lines(&bytes));
    }

    #[test]
    fn every_cut_of_a_real_descriptor_is_safe(end in 0_usize..148) {
        let bytes = hex::decode(UNIFYING_MOUSE).unwrap();
        let (descriptor, _) = parse_prefix(&bytes[..end]);
        let _ = descriptor.keys();
    }
}
