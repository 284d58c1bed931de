//! The two forms in which LOLRMM's facts come.

use serde_json::Value;

use super::Entry;
use crate::{catalogue::FactKind, rule::Platform};

/// One tool of a collection, in either form.
pub(super) fn entry(item: &Value) -> Option<Entry> {
    if item.get("Name").is_some() { published(item) } else { facts(item) }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// As it publishes itself.
fn published(item: &Value) -> Option<Entry> {
    let name = text(item, "Name");
    let mut entry = Entry {
        name: name.to_owned(),
        category: text(item, "Category").to_owned(),
        source: format!("magicsword-io/LOLRMM:yaml/{}.yaml", name.to_lowercase().replace(' ', "_")),
        ..Entry::default()
    };
    let details = item.get("Details").unwrap_or(&Value::Null);
    for path in list(details, "InstallationPaths").filter_map(Value::as_str) {
        windows(&mut entry, path);
    }
    let metadata = details.get("PEMetadata");
    let metadata: Vec<&Value> = match metadata {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(object @ Value::Object(_)) => vec![object],
        _ => Vec::new(),
    };
    for item in metadata {
        entry.take(FactKind::WindowsExecutable, text(item, "Filename"), Platform::Windows, false);
        entry.take(FactKind::OriginalFilename, text(item, "OriginalFileName"), Platform::Windows, false);
        entry.take(FactKind::ProductName, text(item, "Product"), Platform::Windows, false);
    }
    let artifacts = item.get("Artifacts").unwrap_or(&Value::Null);
    for disk in list(artifacts, "Disk") {
        let (path, os) = (text(disk, "File"), text(disk, "OS").to_lowercase());
        match os.as_str() {
            "linux" => entry.take(FactKind::Artefact, path, Platform::Linux, false),
            "macos" | "mac" => entry.take(FactKind::Artefact, path, Platform::Macos, false),
            _ => windows(&mut entry, path),
        }
    }
    for key in list(artifacts, "Registry") {
        entry.take(FactKind::Registry, text(key, "Path"), Platform::Windows, false);
    }
    for network in list(artifacts, "Network") {
        for domain in list(network, "Domains").filter_map(Value::as_str) {
            entry.take(FactKind::Domain, domain, Platform::Windows, false);
        }
    }
    for signer in list(item, "CodeSigning") {
        let name = signer.as_str().unwrap_or_else(|| text(signer, "Subject"));
        entry.take(FactKind::Signer, name, Platform::Windows, true);
    }
    (!name.is_empty()).then_some(entry)
}

/// As this catalogue was made from it.
fn facts(item: &Value) -> Option<Entry> {
    let mut entry = Entry {
        name: text(item, "name").to_owned(),
        category: text(item, "category").to_owned(),
        scope: text(item, "scope").to_owned(),
        source: text(item, "source").to_owned(),
        values: Vec::new(),
    };
    if entry.scope == "assistive-technology" || entry.name.is_empty() {
        return None;
    }
    let fields = [
        ("exe_names", FactKind::WindowsExecutable),
        ("install_paths", FactKind::WindowsPath),
        ("services", FactKind::WindowsService),
        ("registry_keys", FactKind::Registry),
        ("domains", FactKind::Domain),
        ("signers", FactKind::Signer),
    ];
    for (field, kind) in fields {
        for value in list(item, field) {
            let broad = value.get("too_broad").and_then(Value::as_bool).unwrap_or(false);
            let plain = value.as_str().unwrap_or_else(|| text(value, "value"));
            let plain = if kind == FactKind::WindowsPath { folder(plain) } else { plain.to_owned() };
            entry.take(kind, &plain, Platform::Windows, broad);
        }
    }
    for value in list(item, "pe_metadata") {
        let broad = value.get("too_broad").and_then(Value::as_bool).unwrap_or(false);
        entry.take(FactKind::OriginalFilename, text(value, "original_filename"), Platform::Windows, broad);
        entry.take(FactKind::ProductName, text(value, "product"), Platform::Windows, broad);
    }
    Some(entry)
}

/// A path that ends in a program names the program too.
fn windows(entry: &mut Entry, path: &str) {
    let name = path.rsplit(['\\', '/']).next().unwrap_or(path);
    if name.to_ascii_lowercase().ends_with(".exe") {
        entry.take(FactKind::WindowsExecutable, name, Platform::Windows, is_generic(name));
    }
    if path.contains('\\') {
        entry.take(FactKind::WindowsPath, &folder(path), Platform::Windows, false);
    }
}

fn folder(path: &str) -> String {
    if path.ends_with('\\') { format!("{path}*") } else { path.to_owned() }
}

/// Names that many programs have.
fn is_generic(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "agent", "service", "client", "server", "setup", "install", "update", "viewer", "connect", "remote",
        "host", "launcher", "helper", "console",
    ];
    let stem = name.to_ascii_lowercase();
    let stem = stem.trim_end_matches(".exe");
    stem.len() < 4 || WORDS.contains(&stem)
}

impl Entry {
    fn take(&mut self, kind: FactKind, value: &str, platform: Platform, too_broad: bool) {
        if !value.is_empty() {
            self.values.push((kind, value.to_owned(), platform, too_broad));
        }
    }
}
