//! Package databases: SQLite with its write-ahead log, rpm headers, pacman, apk, flatpak, AppImage.
#![no_main]

use bearing_host::{
    packages::{apk, app_image, flatpak, nix, pacman, rpm::Header},
    sqlite::{record::columns, walk},
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // The first two bytes say where the write-ahead log begins.
    if let Some((head, rest)) = data.split_first_chunk::<2>() {
        let at = usize::from(u16::from_le_bytes(*head)).min(rest.len());
        let (file, log) = rest.split_at(at);
        let _ = walk(file, log);
    }
    let _ = walk(data, &[]);
    let _ = columns(data).count();
    if let Some(header) = Header::parse(data) {
        let _ = header.package();
        let _ = header.file(0);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = apk::parse_installed(text, 64);
    let _ = pacman::parse_desc(text);
    let _ = nix::parse_store_path(text);
    let _ = flatpak::newest_release(text);
    let _ = app_image::split_name(text);
    let _ = app_image::from_desktop_entry(text);
});
