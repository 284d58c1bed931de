//! How a tool looks in its file.

use super::{Entry, Row};

/// The file of a tool that has none yet.
pub(super) fn new(id: &str, entry: &Entry) -> String {
    let mut out = String::new();
    let mut line = |key: &str, value: &str| out.push_str(&format!("{key} = {}\n", quoted(value)));
    line("id", id);
    line("name", &entry.name);
    line("vendor", &entry.vendor);
    line("category", entry.category);
    line("role", entry.role);
    line("prevalence", entry.prevalence);
    if entry.ordinary {
        line("presence", "ordinary");
    }
    if entry.critical {
        line("severity", "critical");
    }
    line("disable", &disable(entry));
    if !entry.note.is_empty() {
        line("note", &entry.note);
    }
    out.push_str("facts = [\n");
    for row in &entry.facts {
        out.push_str(&fact(row));
    }
    out.push_str("]\n");
    out
}

/// A file with the facts it lacks: of Windows and macOS, and of kinds that had no place before. Facts about Linux
/// were chosen by hand.
pub(super) fn grown(old: &str, entry: &Entry) -> String {
    let Some((before, behind)) = old.rsplit_once("\n]") else { return old.to_owned() };
    let mut out = before.to_owned();
    for row in &entry.facts {
        let mut row = row.clone();
        if row.os.contains(&"linux") && !NEW_KINDS.contains(&row.kind) {
            row.os.retain(|os| *os != "linux");
        }
        let here = format!("kind = {}, value = {}", quoted(row.kind), quoted(&row.value));
        let there = old.to_lowercase().contains(&here.to_lowercase());
        let by_hand = matches!(row.kind, "listener" | "remote-port" | "marker" | "domain" | "interface");
        if row.os.is_empty() || there || by_hand {
            continue;
        }
        out.push('\n');
        out.push_str(fact(&row).trim_end());
    }
    format!("{out}\n]{behind}")
}

const NEW_KINDS: [&str; 8] = [
    "rust-crate",
    "java-class",
    "python-module",
    "node-package",
    "container-image",
    "browser-extension",
    "native-host",
    "product-name",
];

fn fact(row: &Row) -> String {
    let mut out = format!("  {{ kind = {}, value = {}", quoted(row.kind), quoted(&row.value));
    if row.os != ["linux"] {
        let systems: Vec<String> = row.os.iter().map(|os| quoted(os)).collect();
        out.push_str(&format!(", os = [{}]", systems.join(", ")));
    }
    if let Some(manager) = row.manager {
        out.push_str(&format!(", manager = {}", quoted(manager)));
    }
    if row.too_broad {
        out.push_str(", too_broad = true");
    }
    out.push_str(&format!(", source = {}, trust = {} }},\n", quoted(&row.source), quoted(row.trust)));
    out
}

fn disable(entry: &Entry) -> String {
    let first = |kind: &str| {
        entry.facts.iter().find(|row| row.kind == kind && !row.too_broad).map(|row| row.value.as_str())
    };
    if let Some(package) = entry.facts.iter().find(|row| row.kind == "package" && row.os == ["linux"]) {
        let unit = first("unit").map(|unit| format!("; check that `{unit}` is gone")).unwrap_or_default();
        return format!("Uninstall `{}`{unit}.", package.value);
    }
    if let Some(service) = first("windows-service") {
        return format!("Uninstall {} and check that the service `{service}` is gone.", entry.name);
    }
    match (first("unit"), first("launchd-label")) {
        (Some(unit), _) => format!("`systemctl disable --now {unit}` and uninstall {}.", entry.name),
        (None, Some(label)) => format!("Uninstall {} and check that the job `{label}` is gone.", entry.name),
        _ => format!("Uninstall {} and end what runs of it.", entry.name),
    }
}

fn quoted(text: &str) -> String {
    let literal = text.contains('\\') && !text.contains('\'');
    if literal { format!("'{text}'") } else { toml::Value::from(text).to_string() }
}
