//! Puts the data files into the crate: rules, catalogue, profiles, cases and the rules' lock.
//!
//! Always: sorted by path, so that the same tree gives the same binary; files only, no link followed.

use std::{env, fmt::Write as _, fs, io, path::Path};

const TABLES: [(&str, &str, &str); 5] = [
    ("RULES", "rules", "Rule files."),
    ("TOOLS", "catalogue/remote-access", "Catalogue: remote access, tunnels and their neighbours."),
    ("KVM", "catalogue/kvm", "Catalogue: remote-control hardware."),
    ("PROFILES", "profiles", "Ready site policies."),
    ("CASES", "cases", "Cases that the rules must get right."),
];

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
        for file in files {
            writeln!(
                code,
                "    ({file:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/\", {file:?}))),"
            )
            .map_err(io::Error::other)?;
        }
        code.push_str("];\n");
    }
    println!("cargo::rerun-if-changed=build.rs");
    fs::write(Path::new(&out).join("embedded.rs"), code)
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
