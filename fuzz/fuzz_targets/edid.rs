//! EDID with its extensions; a serial changes neither the shape nor whether it can be read.
#![no_main]

use bearing_descriptors::edid::{parse, without_personal};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(read) = parse(data) else { return };
    for timing in &read.timings {
        let _ = timing.to_string();
    }
    let kept = parse(&without_personal(data)).expect("what was an EDID is one without its serials");
    assert_eq!((kept.serial_number, &kept.serial_text), (0, &None));
    let mut other = data.to_vec();
    if let Some(serial) = other.get_mut(12..16) {
        serial.fill(0x5a);
    }
    assert_eq!(parse(&other).map(|other| other.shape_sha256), Ok(read.shape_sha256));
});
