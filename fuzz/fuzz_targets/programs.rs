//! What programs of other systems and packed ones say they are: PE, Mach-O, jar, asar, signatures.
#![no_main]

use bearing_host::executables::{
    asar::parse_asar_name, authenticode::parse_signer, der::parse_element, mach_o, manifest::parse_manifest,
    package_json::parse_package_name, pe, rust_crate::parse_crate_path, zip::parse_zip_entry,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = pe::parse_pe(data);
    let _ = pe::parse_version_info(data);
    let _ = mach_o::parse_mach_o(data);
    let _ = mach_o::parse_code_directory(data);
    let _ = parse_zip_entry(data, "META-INF/MANIFEST.MF");
    let _ = parse_asar_name(data);
    let _ = parse_signer(data);
    let _ = parse_element(data);
    let _ = parse_manifest(data);
    let _ = parse_package_name(data);
    let _ = parse_crate_path(data);
});
