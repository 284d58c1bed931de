//! HID report descriptors: items, collections, their meaning, their words.
#![no_main]

use bearing_descriptors::hid::{MAX_COLLECTIONS, decode_lines, parse, parse_prefix};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (read, error) = parse_prefix(data);
    assert!(read.collections.len() <= MAX_COLLECTIONS);
    assert_eq!(parse(data).err(), error);
    for key in read.keys() {
        let _ = key.to_string();
    }
    let _ = decode_lines(data);
});
