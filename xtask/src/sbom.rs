//! The list of parts of one binary, as CycloneDX 1.5 in JSON.
//!
//! Always: what is listed is what cargo would build in on any system, with the checksum of the lock file; the same
//! sources give the same list.

use crate::{metadata, package, place, release};
use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// Writes `NAME.cdx.json`; gives its path.
///
/// # Errors
/// When cargo's metadata or lock file cannot be read.
pub(crate) fn write(name: &str, binary: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    let file = to.join(format!("{name}.cdx.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(&document(name, &release::sha256(binary)?)?)?);
    std::fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))?;
    Ok(file)
}

fn document(name: &str, digest: &str) -> anyhow::Result<Value> {
    let metadata = metadata::read()?;
    let lock: Lock = toml::from_str(&std::fs::read_to_string(place::root().join("Cargo.lock"))?)?;
    let checksums: BTreeMap<(&str, &str), &str> = lock
        .package
        .iter()
        .filter_map(|one| Some(((one.name.as_str(), one.version.as_str()), one.checksum.as_deref()?)))
        .collect();
    let root = metadata
        .members()
        .find(|member| member.name == name)
        .with_context(|| format!("the workspace has no `{name}`"))?;
    let mut parts: Vec<&metadata::Package> =
        metadata.closure(root).into_iter().filter(|part| part.id != root.id).collect();
    parts.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    let known: Vec<&str> = parts.iter().map(|part| part.id.as_str()).chain([root.id.as_str()]).collect();
    let mut dependencies: Vec<Value> = Vec::new();
    for part in parts.iter().copied().chain([root]) {
        let mut needs: Vec<String> = metadata
            .direct(part)
            .into_iter()
            .filter(|other| known.contains(&other.id.as_str()))
            .map(reference)
            .collect();
        needs.sort();
        needs.dedup();
        dependencies.push(json!({ "ref": reference(part), "dependsOn": needs }));
    }
    let components: Vec<Value> = parts
        .iter()
        .map(|part| {
            let checksum = checksums.get(&(part.name.as_str(), part.version.as_str())).copied();
            component("library", part, checksum)
        })
        .collect();
    let mut itself = component("application", root, Some(digest));
    itself["version"] = json!(package::version()?);
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": itself },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(kind: &str, part: &metadata::Package, sha256: Option<&str>) -> Value {
    let mut value = json!({
        "type": kind,
        "bom-ref": reference(part),
        "name": part.name,
        "version": part.version,
    });
    // What lies in the workspace comes from no registry.
    if part.source.is_some() {
        value["purl"] = json!(reference(part));
    }
    if let Some(sha256) = sha256 {
        value["hashes"] = json!([{ "alg": "SHA-256", "content": sha256 }]);
    }
    if let Some(license) = &part.license {
        // Some manifests still write `MIT/Apache-2.0` for either.
        value["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
    }
    value
}

/// A package URL: unique within one list.
fn reference(part: &metadata::Package) -> String {
    format!("pkg:cargo/{}@{}", part.name, part.version.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_agents_list_is_closed_and_has_checksums() {
        let document = document("bearing-agent", &"0".repeat(64)).unwrap();
        let parts = document["components"].as_array().unwrap();
        let names: BTreeSet<&str> = parts.iter().filter_map(|part| part["name"].as_str()).collect();
        assert!(names.contains("rustls") && names.contains("bearing-protocol"), "{names:?}");
        assert!(!names.contains("sqlx"), "the agent has no database");
        let refs: BTreeSet<&str> = parts
            .iter()
            .chain([&document["metadata"]["component"]])
            .filter_map(|part| part["bom-ref"].as_str())
            .collect();
        assert_eq!(refs.len(), parts.len() + 1, "a reference is there twice");
        for part in parts.iter().filter(|part| part.get("purl").is_some()) {
            assert_eq!(part["hashes"][0]["content"].as_str().map(str::len), Some(64), "{part}");
        }
        for dependency in document["dependencies"].as_array().unwrap() {
            for needed in dependency["dependsOn"].as_array().unwrap() {
                assert!(refs.contains(needed.as_str().unwrap()), "{needed} is not listed");
            }
        }
    }
}
