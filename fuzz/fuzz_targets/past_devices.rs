//! What a system remembers of devices: journal files, kernel logs, udev's database, USBGuard's rules.
#![no_main]

use bearing_host::past_devices::{journal_file, kernel_lines, kernel_log, udev, usbguard};
use jiff::Timestamp;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(lines) = journal_file::parse(data) {
        let _ = kernel_lines::devices(&lines.lines, "journal");
    }
    let _ = kernel_lines::devices(&kernel_log::parse(data, Timestamp::UNIX_EPOCH), "kernel-log");
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = udev::parse(text, 1, Some(Timestamp::UNIX_EPOCH));
    let _ = usbguard::parse(text);
});
