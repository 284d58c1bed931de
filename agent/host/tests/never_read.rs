//! No source names a place where languages, locales or keyboard layouts stand: they are proxies for where somebody comes
//! from, and no input here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path};

/// Files, keys and variables, lower case.
const FORBIDDEN: [&str; 18] = [
    "default/keyboard",
    "default/locale",
    "locale.conf",
    "vconsole",
    "input-sources",
    "keyboard layout\\preload",
    "keyboard layout/preload",
    "appleenabledinputsources",
    "com.apple.hitoolbox",
    "applelanguages",
    "applelocale",
    "fcitx",
    "ibus/engine",
    "kxkbrc",
    "xkblayout",
    "\"lc_all\"",
    "\"lang\"",
    "plasma-localerc",
];

fn look(directory: &Path, seen: &mut usize) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, seen);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *seen += 1;
            let text = fs::read_to_string(&path).unwrap().to_lowercase();
            for word in FORBIDDEN {
                assert!(!text.contains(word), "`{word}` in {}", path.display());
            }
        }
    }
}

#[test]
fn no_source_reads_language_locale_or_keyboard_layout() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    look(&own.join("src"), &mut seen);
    look(&own.join("../src"), &mut seen);
    assert!(seen > 150, "{seen} files were looked at");
}
