//! Puts the data files into the crate: rules, catalogue, profiles, cases and the rules' lock.
//!
//! What an agent needs (rules, tools, devices) is there twice: as it is written, for checks and tests, and packed as
//! compact JSON under one deflate stream, which is what running programs read. A linker drops what a program does not use.
//!
//! Always: sorted by path, so that the same tree gives the same binary; files only, no link followed.

use std::{env, fmt::Write as _, fs, io, io::Write as _, path::Path};

use flate2::{Compression, write::DeflateEncoder};

const TABLES: [(&str, &str, &str); 5] = [
    ("RULES", "rules", "Rule files."),
    ("TOOLS", "catalogue/remote-access", "Catalogue: remote access, tunnels and their neighbours."),
    ("KVM", "catalogue/kvm", "Catalogue: remote-control hardware."),
    ("PROFILES", "profiles", "Ready site policies."),
    ("CASES", "cases", "Cases that the rules must get right."),
];

/// Tables that are packed as well.
const PACKED: [&str; 3] = ["RULES", "TOOLS", "KVM"];

const ZONE_RULES: &str = "data/zone-rules.tsv";

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut code = String::new();
    for (name, directory, doc) in TABLES {
        println!("cargo::rerun-if-changed={directory}");
        let mut files = Vec::new();
        walk(&Path::new(&root).join(directory), directory, &mut files)?;
        files.sort();
        writeln!(code, "/// {doc}\npub static {name}: &[(&str, &str)] = &[").map_err(io::Error::other)?;
        for file in &files {
            writeln!(
                code,
                "    ({file:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/\", {file:?}))),"
            )
            .map_err(io::Error::other)?;
        }
        code.push_str("];\n");
        if PACKED.contains(&name) {
            let bytes = pack(Path::new(&root), &files)?;
            fs::write(Path::new(&out).join(format!("{name}.deflate")), bytes)?;
            writeln!(
                code,
                "static PACKED_{name}: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.deflate\"));"
            )
            .map_err(io::Error::other)?;
        }
    }
    let zones = deflated(&fs::read(Path::new(&root).join(ZONE_RULES))?)?;
    fs::write(Path::new(&out).join("zone-rules.deflate"), zones)?;
    println!("cargo::rerun-if-changed={ZONE_RULES}");
    println!("cargo::rerun-if-changed=build.rs");
    fs::write(Path::new(&out).join("embedded.rs"), code)
}

/// One line a file: its path, a tab, its content as JSON. A file that is no TOML is packed as it is written, so that
/// the error shows where it is read.
fn pack(root: &Path, files: &[String]) -> io::Result<Vec<u8>> {
    let mut lines = String::new();
    for file in files {
        let text = fs::read_to_string(root.join(file))?;
        let line = match toml::from_str::<serde_json::Value>(&text) {
            Ok(value) => value.to_string(),
            Err(_) => text.replace('\n', "\r"),
        };
        writeln!(lines, "{file}\t{line}").map_err(io::Error::other)?;
    }
    deflated(lines.as_bytes())
}

fn deflated(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn walk(directory: &Path, name: &str, files: &mut Vec<String>) -> io::Result<()> {
    if !directory.is_dir() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", directory.display());
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str() else { continue };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{name}/{file_name}"), files)?;
        } else if kind.is_file() && file_name.ends_with(".toml") {
            files.push(format!("{name}/{file_name}"));
        }
    }
    Ok(())
}
