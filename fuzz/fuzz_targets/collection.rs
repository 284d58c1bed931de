//! What incident responders leave: `lsusb -v`, `system_profiler` and `ioreg` property lists, SetupAPI's log.
#![no_main]

use bearing_host::collection::{io_registry, lsusb, plist, setup_log, system_profiler, windows};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(Ok(value)) = plist::parse(data) {
        let _ = io_registry::from_plist(&value);
        let _ = system_profiler::devices(&value);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = lsusb::parse(text);
    if let Some(log) = setup_log::parse(text) {
        let nodes: Vec<_> = log.devices.iter().map(|device| device.node(Some(60))).collect();
        let _ = windows::assemble(&nodes, "setup-log");
    }
});
