//! What a program says it is: ELF identity, Go's build information.
#![no_main]

use bearing_host::executables::{elf::read_elf_identity, go_build_info::parse_module_text};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = read_elf_identity(data);
    let _ = parse_module_text(data);
});
