//! GNOME's settings database.
#![no_main]

use bearing_host::gvdb::look_up;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = look_up(data, ["/system/proxy/mode", "/org/gnome/desktop/remote-desktop/rdp/enable"]);
});
