//! SCSI inquiry data and strings.
#![no_main]

use bearing_descriptors::inquiry::{Inquiry, normalise};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(read) = Inquiry::from_standard_data(data) else { return };
    let text = String::from_utf8_lossy(data);
    let _ = read.joined(&text, &text);
    let once = normalise(&text);
    assert_eq!(normalise(&once), once);
});
