//! Dependencies that nothing names: a crate's manifest against the words of its sources.

use crate::metadata::{Metadata, Package};
use anyhow::bail;
use std::path::Path;

/// Dependencies that are used without being named, each with its reason.
const NAMED_NOWHERE: [(&str, &str); 0] = [];

/// Looks for each dependency's name in the sources of the crate that lists it.
///
/// # Errors
/// Names each dependency that no source file names.
pub(crate) fn check(metadata: &Metadata) -> anyhow::Result<()> {
    let mut unused = Vec::new();
    for member in metadata.members() {
        let sources = sources(member.dir())?;
        unused.extend(
            names(member)
                .into_iter()
                .filter(|name| !is_named(&sources, name))
                .map(|name| format!("`{}` lists `{name}` and never names it", member.name)),
        );
    }
    if !unused.is_empty() {
        bail!("{}", unused.join("\n"));
    }
    println!("unused dependencies: none");
    Ok(())
}

/// The names by which a crate would use its dependencies.
fn names(member: &Package) -> Vec<String> {
    member
        .dependencies
        .iter()
        .filter(|dependency| !NAMED_NOWHERE.iter().any(|(name, _)| *name == dependency.name))
        .map(|dependency| dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_"))
        .collect()
}

fn is_named(sources: &str, name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    sources.match_indices(name).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| sources.as_bytes().get(at));
        let after = sources.as_bytes().get(at + name.len());
        !before.copied().is_some_and(is_word) && !after.copied().is_some_and(is_word)
    })
}

/// All Rust sources of a crate, without those of crates that lie below it, comments left out.
fn sources(dir: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut todo: Vec<_> =
        ["src", "tests", "browser", "benches", "examples", "build.rs"].map(|name| dir.join(name)).into();
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                todo.push(entry?.path());
            }
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            for line in std::fs::read_to_string(&path)?.lines() {
                if !line.trim_start().starts_with("//") {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_as_a_whole_word_only() {
        assert!(is_named("use hex::encode;", "hex"));
        assert!(!is_named("fn unhex() {} let hexagon = 6;", "hex"));
    }
}
