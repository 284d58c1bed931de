//! What `cargo metadata` says about the workspace and everything it builds on.

use crate::{place, run};
use anyhow::Context;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// All packages of the lock file, and which of them need which.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub packages: Vec<Package>,
    pub workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    /// The native library that this package links, if any.
    pub links: Option<String>,
    /// Nothing for a package that lies in the workspace.
    pub source: Option<String>,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub name: String,
    /// Nothing for a normal one, else `dev` or `build`.
    pub kind: Option<String>,
    pub rename: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Asks cargo, which needs no network for it once the lock file's packages are here.
///
/// # Errors
/// When a manifest is wrong or the lock file is not up to date.
pub(crate) fn read() -> anyhow::Result<Metadata> {
    let text = run::output(
        Command::new("cargo").args(["metadata", "--format-version", "1"]).current_dir(place::root()),
    )?;
    serde_json::from_str(&text).context("cargo's metadata has another shape than expected")
}

impl Metadata {
    /// The packages that lie in the workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Everything that ends up in what this package builds: normal and build dependencies, on any system.
    pub(crate) fn closure(&self, of: &Package) -> Vec<&Package> {
        let nodes: BTreeMap<&str, &Node> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut seen = BTreeSet::new();
        let mut todo = vec![of.id.as_str()];
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            let edges = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
            todo.extend(
                edges
                    .iter()
                    .filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev")))
                    .map(|edge| edge.pkg.as_str()),
            );
        }
        self.packages.iter().filter(|package| seen.contains(package.id.as_str())).collect()
    }
}

impl Metadata {
    /// What this package itself names: normal and build dependencies.
    pub(crate) fn direct(&self, of: &Package) -> Vec<&Package> {
        let Some(node) = self.resolve.nodes.iter().find(|node| node.id == of.id) else { return Vec::new() };
        let is_built_in =
            |edge: &&Edge| edge.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"));
        let ids: BTreeSet<&str> =
            node.deps.iter().filter(is_built_in).map(|edge| edge.pkg.as_str()).collect();
        self.packages.iter().filter(|package| ids.contains(package.id.as_str())).collect()
    }
}

impl Package {
    /// Where the package lies.
    pub(crate) fn dir(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }
}
