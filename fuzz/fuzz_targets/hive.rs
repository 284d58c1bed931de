//! Windows registry hives: a bounded walk over keys and the values that devices are read from.
#![no_main]

use bearing_host::collection::hive::{Hive, Key};

/// Deepest walk and most keys; the parser's own limits are below these.
const MOST: usize = 12;
const MOST_KEYS: usize = 256;

fn walk(key: &Key<'_>, depth: usize, left: &mut usize) {
    let _ = (key.name(), key.written(), key.value("HardwareID"), key.text("FriendlyName"));
    if depth == MOST {
        return;
    }
    let Ok((children, _)) = key.children() else { return };
    for child in children {
        if *left == 0 {
            return;
        }
        *left -= 1;
        walk(&child, depth + 1, left);
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(hive) = Hive::parse(data) else { return };
    let Ok(root) = hive.root() else { return };
    let _ = root.at("ControlSet001\\Enum\\USB");
    walk(&root, 0, &mut MOST_KEYS.clone());
});
