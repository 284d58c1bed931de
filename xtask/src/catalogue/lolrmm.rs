//! The collection made from LOLRMM.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Entry, Row, known, push, text};

pub(super) fn read(
    tools: &[Value],
    by_lolrmm: &BTreeMap<String, String>,
    exists: &dyn Fn(&str) -> bool,
    entries: &mut BTreeMap<String, Entry>,
) {
    // Entries under one canonical id are one tool; where one of them is ours already, all are.
    let mut ours: BTreeMap<&str, String> = BTreeMap::new();
    for tool in tools {
        let canonical = canonical(tool);
        let dashed = dashed(canonical);
        let known = by_lolrmm.get(text(tool, "id")).cloned();
        let own = known.or_else(|| {
            let renamed = known::id(&dashed);
            (exists(renamed) || entries.contains_key(renamed)).then(|| renamed.to_owned())
        });
        if let Some(own) = own {
            ours.entry(canonical).or_insert(own);
        }
    }
    for tool in tools {
        let canonical = canonical(tool);
        let id = ours.get(canonical).cloned().unwrap_or_else(|| dashed(canonical));
        let scope = text(tool, "scope");
        if scope == "assistive-technology" {
            continue;
        }
        let entry = entries.entry(id.clone()).or_default();
        if entry.name.is_empty() {
            describe(entry, &id, tool, scope);
        }
        let of_file = Facts { source: text(tool, "source"), entry };
        of_file.take(tool);
    }
}

fn describe(entry: &mut Entry, id: &str, tool: &Value, scope: &str) {
    entry.name = text(tool, "name").to_owned();
    entry.vendor = known::vendor(id, &entry.name);
    let (category, role, prevalence, ordinary) = match scope {
        "endpoint-management-or-monitoring" => ("rmm", "host", "high", true),
        "ssh-or-terminal-client" | "remote-access-client-only" => ("remote-desktop", "client", "high", true),
        "file-transfer-or-sync" => ("file-transfer", "client", "high", true),
        "meeting-or-chat" => ("meeting", "both", "high", true),
        "os-component" => ("os-service", "client", "high", true),
        "overlay-network-or-tunnel" => ("tunnel", "host", "low", false),
        "desktop-sharing-or-kvm-software" => ("input-sharing", "both", "medium", true),
        "lateral-movement-tool" => ("rmm", "host", "low", false),
        "malware" => ("remote-desktop", "host", "low", false),
        _ => ("remote-desktop", "host", "low", false),
    };
    entry.category = known::category(id).unwrap_or(category);
    entry.role = known::role(id).unwrap_or(role);
    entry.prevalence = prevalence;
    entry.ordinary = ordinary;
    entry.critical = scope == "malware";
    if entry.critical {
        entry.note = "Sold or spread as a product, used as malware.".into();
    }
}

struct Facts<'a> {
    source: &'a str,
    entry: &'a mut Entry,
}

impl Facts<'_> {
    fn take(self, tool: &Value) {
        let source = self.source.to_owned();
        let row = |kind: &'static str, value: &str, broad: bool| Row {
            kind,
            value: value.to_owned(),
            os: vec!["windows"],
            manager: None,
            too_broad: broad || known::is_too_broad(kind, value),
            source: source.clone(),
            trust: "third-party",
        };
        for (value, broad) in items(tool, "exe_names") {
            push(self.entry, row("windows-executable", &value, broad));
        }
        for (value, broad) in items(tool, "install_paths").into_iter().chain(windows_disk(tool)) {
            let deep = value.matches('\\').count() >= 2;
            push(self.entry, row("windows-path", &folder(&value), broad || !deep));
        }
        for (value, os, broad) in unix_disk(tool) {
            push(self.entry, Row { os: vec![os], ..row("artefact", value.trim_end_matches('/'), broad) });
        }
        for (value, broad) in items(tool, "services") {
            push(self.entry, row("windows-service", &value, broad));
        }
        for (value, broad) in items(tool, "registry_keys") {
            push(self.entry, row("registry", &value, broad));
        }
        for (value, broad) in items(tool, "domains") {
            let all = vec!["linux", "macos", "windows"];
            push(self.entry, Row { os: all, ..row("domain", &value, broad) });
        }
        for (value, _) in items(tool, "signers") {
            push(self.entry, row("signer", &value, true));
        }
        for (value, broad) in items(tool, "systemd_units") {
            push(self.entry, Row { os: vec!["linux"], ..row("unit", &value, broad) });
        }
        for (value, broad) in items(tool, "launchd_labels") {
            push(self.entry, Row { os: vec!["macos"], ..row("launchd-label", &value, broad) });
        }
        for item in tool.get("pe_metadata").and_then(Value::as_array).into_iter().flatten() {
            let broad = item.get("too_broad").and_then(Value::as_bool).unwrap_or(false);
            push(self.entry, row("original-filename", text(item, "original_filename"), broad));
            push(self.entry, row("product-name", text(item, "product"), broad));
            push(self.entry, row("company-name", text(item, "company"), true));
        }
    }
}

fn canonical(tool: &Value) -> &str {
    match text(tool, "canonical_id") {
        "" => text(tool, "id"),
        id => id,
    }
}

fn dashed(id: &str) -> String {
    let plain: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let short = plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    known::id(short.get(..40).unwrap_or(&short)).trim_end_matches('-').to_owned()
}

/// A list's values, with whether each is too broad.
fn items(tool: &Value, field: &str) -> Vec<(String, bool)> {
    let list = tool.get(field).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| match item {
        Value::String(value) => Some((value.clone(), false)),
        Value::Object(_) => {
            let broad = item.get("too_broad").and_then(Value::as_bool).unwrap_or(false);
            Some((text(item, "value").to_owned(), broad))
        }
        _ => None,
    })
    .collect()
}

fn windows_disk(tool: &Value) -> Vec<(String, bool)> {
    let list = tool.get("disk_paths").and_then(Value::as_array).into_iter().flatten();
    list.filter(|item| text(item, "os") == "windows")
        .map(|item| {
            let broad = item.get("too_broad").and_then(Value::as_bool).unwrap_or(false);
            (text(item, "value").to_owned(), broad)
        })
        .collect()
}

fn unix_disk(tool: &Value) -> Vec<(String, &'static str, bool)> {
    let list = tool.get("disk_paths").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| {
        let os = match text(item, "os") {
            "linux" => "linux",
            "macos" => "macos",
            _ => return None,
        };
        let broad = item.get("too_broad").and_then(Value::as_bool).unwrap_or(false);
        Some((text(item, "value").to_owned(), os, broad))
    })
    .collect()
}

/// A folder stands for what runs in it.
fn folder(value: &str) -> String {
    if value.ends_with('\\') { format!("{value}*") } else { value.to_owned() }
}
