//! USB descriptors: reading strictly and reading as far as it goes never disagree.
#![no_main]

use bearing_descriptors::usb::{parse, parse_languages, parse_prefix, parse_string};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let whole = parse(data);
    match parse_prefix(data) {
        Ok((read, None)) => assert_eq!(whole, Ok(read)),
        Ok((_, Some(error))) | Err(error) => assert_eq!(whole, Err(error)),
    }
    let _ = parse_string(data);
    let _ = parse_languages(data);
});
