//! Writes catalogue entries from two collections of facts, once: `cargo xtask catalogue`.
//!
//! Always: what people wrote is kept. A file that exists only gains facts of kinds and systems it had none of;
//! after the first run the files are owned by people, and a newer collection comes in as a diff to review
//! (`bearing-server catalogue diff`).

mod known;
mod lolrmm;
mod unix;
mod write;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The collection made from LOLRMM
    #[arg(long)]
    lolrmm: PathBuf,
    /// The collection of tools on Linux and macOS
    #[arg(long)]
    unix: PathBuf,
}

/// A tool before it is written.
#[derive(Clone, Debug, Default)]
struct Entry {
    name: String,
    vendor: String,
    category: &'static str,
    role: &'static str,
    prevalence: &'static str,
    ordinary: bool,
    critical: bool,
    note: String,
    facts: Vec<Row>,
}

/// A fact before it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    kind: &'static str,
    value: String,
    os: Vec<&'static str>,
    manager: Option<&'static str>,
    too_broad: bool,
    source: String,
    trust: &'static str,
}

pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/catalogue/remote-access");
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    unix::read(&tools(&arguments.unix)?, &mut entries);
    let by_lolrmm = unix::lolrmm_names(&tools(&arguments.unix)?);
    let exists = |id: &str| directory.join(format!("{id}.toml")).exists();
    lolrmm::read(&tools(&arguments.lolrmm)?, &by_lolrmm, &exists, &mut entries);
    let (mut made, mut grown) = (0, 0);
    for (id, entry) in &entries {
        let path = directory.join(format!("{id}.toml"));
        let text = match fs::read_to_string(&path) {
            Ok(old) => {
                grown += 1;
                write::grown(&old, entry)
            }
            Err(_) if entry.facts.is_empty() => continue,
            Err(_) => {
                made += 1;
                write::new(id, entry)
            }
        };
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("{made} tools written, {grown} looked at for facts they had none of");
    Ok(())
}

fn tools(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let value: Value = serde_json::from_str(&text)?;
    value.get("tools").and_then(Value::as_array).cloned().context("has no `tools`")
}

/// A string field, or nothing.
fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Takes a fact where it could match.
fn push(entry: &mut Entry, row: Row) {
    let value = row.value.trim();
    let placeholder = value.contains(['<', '>', '$', '%']);
    let stars = value.matches('*').count();
    let many = stars > 1 && !matches!(row.kind, "artefact" | "registry" | "domain");
    let short_prefix = matches!(
        row.kind,
        "package" | "unit" | "executable" | "windows-executable" | "windows-path" | "java-class"
    ) && value.find('*').is_some_and(|at| at < 5);
    let flawed = match row.kind {
        "artefact" => !(value.starts_with('/') || value.starts_with("~/")),
        "windows-executable" => value.contains(['/', '\\']) || !value.to_lowercase().ends_with(".exe"),
        "windows-path" => value.get(1..3) != Some(":\\"),
        "marker" => value.len() < 8,
        "executable" => value.contains('/') && !value.starts_with('/'),
        "unit" => ![".service", ".socket", ".timer", ".target"].iter().any(|end| value.ends_with(end)),
        _ => value.contains('\\') && row.kind != "registry",
    };
    if value.is_empty() || value.len() > 200 || placeholder || many || short_prefix || flawed {
        return;
    }
    let row = Row { value: value.to_owned(), ..row };
    let caseless = row.kind.starts_with("windows")
        || matches!(row.kind, "original-filename" | "product-name" | "signer");
    let same = |known: &Row| {
        known.kind == row.kind
            && known.manager == row.manager
            && (known.value == row.value || (caseless && known.value.eq_ignore_ascii_case(&row.value)))
    };
    match entry.facts.iter_mut().find(|known| same(known)) {
        Some(known) => {
            known.too_broad |= row.too_broad;
            for os in row.os {
                if !known.os.contains(&os) {
                    known.os.push(os);
                }
            }
        }
        None => entry.facts.push(row),
    }
}
