//! Which crate may lean on which, and who may build C.
//!
//! Arrows point one way: `protocol ← policies ← agent`, `protocol ← host ← agent`,
//! `protocol ← store ← store-* ← server`, `policies ← server`.

use crate::metadata::{Metadata, Package};
use anyhow::bail;

/// Each crate of the workspace with the crates it may name, in any kind of dependency.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("bearing-protocol", &[]),
    ("bearing-descriptors", &["bearing-protocol"]),
    ("bearing-policies", &["bearing-protocol", "bearing-descriptors"]),
    ("bearing-host", &["bearing-protocol"]),
    ("bearing-agent", &["bearing-protocol", "bearing-descriptors", "bearing-policies", "bearing-host"]),
    ("bearing-store", &["bearing-protocol"]),
    ("bearing-store-sqlite", &["bearing-protocol", "bearing-store"]),
    (
        "bearing-server",
        &[
            "bearing-protocol",
            "bearing-descriptors",
            "bearing-policies",
            "bearing-store",
            "bearing-store-sqlite",
        ],
    ),
    (
        "bearing-tests",
        &[
            "bearing-protocol",
            "bearing-descriptors",
            "bearing-policies",
            "bearing-host",
            "bearing-agent",
            "bearing-store",
            "bearing-store-sqlite",
            "bearing-server",
        ],
    ),
    ("xtask", &[]),
];
/// The crates whose whole closure must build without a C compiler.
const WITHOUT_C: [&str; 4] = ["bearing-protocol", "bearing-descriptors", "bearing-policies", "bearing-host"];
/// Build dependencies that mean "compiles C".
const C_BUILDERS: [&str; 4] = ["cc", "cmake", "bindgen", "autotools"];

/// Checks every edge between crates of the workspace.
///
/// # Errors
/// Names each edge that is not allowed and each crate that would bring C along.
pub(crate) fn check(metadata: &Metadata) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for member in metadata.members() {
        wrong.extend(wrong_edges(member));
        if WITHOUT_C.contains(&member.name.as_str()) {
            wrong.extend(metadata.closure(member).into_iter().filter(|package| builds_c(package)).map(
                |package| format!("`{}` must build without C, but needs `{}`", member.name, package.name),
            ));
        }
    }
    if !wrong.is_empty() {
        bail!("{}\nwhat is allowed stands in xtask/src/deps.rs", wrong.join("\n"));
    }
    println!("deps: {} crates, every edge allowed", metadata.members().count());
    Ok(())
}

fn wrong_edges(member: &Package) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == member.name) else {
        return vec![format!("`{}` is not in the list of crates", member.name)];
    };
    let ours = |name: &str| ALLOWED.iter().any(|(known, _)| *known == name);
    member
        .dependencies
        .iter()
        .filter(|dependency| ours(&dependency.name) && !allowed.contains(&dependency.name.as_str()))
        // A crate may name itself to switch features on in its tests.
        .filter(|dependency| dependency.name != member.name)
        .map(|dependency| format!("`{}` must not lean on `{}`", member.name, dependency.name))
        .collect()
}

fn builds_c(package: &Package) -> bool {
    package.links.as_deref().is_some_and(|links| links != "wasm_bindgen")
        || package.dependencies.iter().any(|dependency| {
            dependency.kind.as_deref() == Some("build") && C_BUILDERS.contains(&dependency.name.as_str())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, needs: &[&str]) -> Package {
        let dependencies: Vec<_> = needs
            .iter()
            .map(|name| serde_json::json!({"name": name, "kind": null, "rename": null}))
            .collect();
        serde_json::from_value(serde_json::json!({
            "id": name, "name": name, "version": "0.1.0", "license": null, "links": null, "source": null,
            "manifest_path": "/Cargo.toml", "dependencies": dependencies,
        }))
        .unwrap()
    }

    #[test]
    fn an_edge_against_the_arrow_is_named() {
        let wrong = wrong_edges(&package("bearing-host", &["bearing-policies", "serde", "bearing-protocol"]));
        assert_eq!(wrong, ["`bearing-host` must not lean on `bearing-policies`"]);
    }

    #[test]
    fn a_crate_that_nobody_listed_is_named() {
        assert_eq!(
            wrong_edges(&package("bearing-extra", &[])),
            ["`bearing-extra` is not in the list of crates"]
        );
    }

    #[test]
    fn a_library_of_c_is_recognised() {
        let mut ring = package("ring", &[]);
        assert!(!builds_c(&ring));
        ring.links = Some("ring_core".to_owned());
        assert!(builds_c(&ring));
    }
}
