//! A newer collection as tools to review, and what differs between two catalogues.
//!
//! Reads LOLRMM as it publishes itself (`api/rmm_tools.json`: a list of tools with `Name`, `Category`, `Details`,
//! `Artifacts`) and the form of facts that this catalogue was first made from (`{"tools": [{"id", "exe_names", …}]}`).
//!
//! Always: proposals only. What people wrote is kept: a known tool gains facts and loses none; everything that comes in
//! is `third-party` at most, a signer is too broad, and what could never match is left out and counted.

mod diff;
mod lolrmm;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Category, Fact, FactKind, Presence, Prevalence, Role, Tool, Trust};
use crate::{
    rule::Platform,
    source_text::{MAX_FILE_BYTES, Problem},
};

pub use diff::{diff, to_toml};

/// What came of a collection.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Tools that are new or gained facts, whole, by id.
    pub tools: Vec<Tool>,
    /// How many values could never match, or held placeholders or free text.
    pub left_out: usize,
    /// How many tools of the collection hold nothing that could match.
    pub empty: usize,
}

/// What one entry of a collection says, in our words.
#[derive(Clone, Debug, Default)]
struct Entry {
    name: String,
    category: String,
    scope: String,
    source: String,
    values: Vec<(FactKind, String, Platform, bool)>,
}

/// Reads a collection against the tools that are known.
///
/// # Errors
/// A text that is neither of the two forms, or too large.
pub fn import(file: &str, text: &str, known: &[Tool]) -> Result<Imported, Problem> {
    if text.len() > MAX_COLLECTION_BYTES {
        return Err(Problem::of(file, format!("larger than {MAX_COLLECTION_BYTES} bytes")));
    }
    let value: Value =
        serde_json::from_str(text).map_err(|error| Problem::of(file, format!("is no JSON: {error}")))?;
    let list = value.as_array().or_else(|| value.get("tools").and_then(Value::as_array));
    let Some(list) = list else {
        return Err(Problem::of(file, "is no collection: want a list of tools, or `{\"tools\": […]}`"));
    };
    let mut imported = Imported::default();
    let mut changed: BTreeMap<String, Tool> = BTreeMap::new();
    for item in list.iter().take(MAX_TOOLS) {
        let Some(entry) = lolrmm::entry(item) else {
            imported.empty += 1;
            continue;
        };
        let (facts, left_out) = facts(&entry);
        imported.left_out += left_out;
        if facts.is_empty() {
            imported.empty += 1;
            continue;
        }
        let id = changed
            .values()
            .chain(known)
            .find(|tool| is_same(tool, &entry, &facts))
            .map_or_else(|| id_of(&entry.name), |tool| tool.id.clone());
        let old = changed.get(&id).or_else(|| known.iter().find(|tool| tool.id == id));
        let mut tool = old.cloned().unwrap_or_else(|| new_tool(&id, &entry));
        let before = tool.facts.len();
        for fact in facts {
            if !tool.facts.iter().any(|own| is_same_fact(own, &fact)) {
                tool.facts.push(fact);
            }
        }
        if tool.facts.len() > before {
            changed.insert(id, tool);
        }
    }
    imported.tools = changed.into_values().collect();
    Ok(imported)
}

fn facts(entry: &Entry) -> (Vec<Fact>, usize) {
    let mut facts: Vec<Fact> = Vec::new();
    let mut left_out = 0;
    for (kind, value, platform, too_broad) in &entry.values {
        let fact = Fact {
            kind: *kind,
            value: value.trim().to_owned(),
            os: vec![*platform],
            manager: None,
            too_broad: *too_broad || kind.only_strengthens(),
            source: entry.source.clone(),
            trust: Trust::ThirdParty,
        };
        if fact.flaw().is_some() {
            left_out += 1;
        } else if !facts.iter().any(|own| is_same_fact(own, &fact)) {
            facts.push(fact);
        }
    }
    (facts, left_out)
}

fn is_same_fact(own: &Fact, other: &Fact) -> bool {
    own.kind == other.kind
        && (own.value == other.value
            || (own.kind.is_caseless() && own.value.to_lowercase() == other.value.to_lowercase()))
}

/// A tool is known by its id, by the file a fact of it came from, or by a name of a program that speaks alone.
fn is_same(tool: &Tool, entry: &Entry, facts: &[Fact]) -> bool {
    tool.id == id_of(&entry.name)
        || tool.facts.iter().any(|fact| fact.source == entry.source)
        || tool.facts.iter().filter(|fact| fact.convicts()).any(|own| {
            own.kind == FactKind::WindowsExecutable && facts.iter().any(|fact| is_same_fact(own, fact))
        })
}

fn new_tool(id: &str, entry: &Entry) -> Tool {
    let (category, role, presence) = match entry.scope.as_str() {
        "ssh-or-terminal-client" | "remote-access-client-only" => {
            (Category::RemoteDesktop, Role::Client, Presence::Ordinary)
        }
        "file-transfer-or-sync" => (Category::FileTransfer, Role::Client, Presence::Ordinary),
        "meeting-or-chat" => (Category::Meeting, Role::Both, Presence::Ordinary),
        "endpoint-management-or-monitoring" => (Category::Rmm, Role::Host, Presence::Ordinary),
        "overlay-network-or-tunnel" => (Category::Tunnel, Role::Host, Presence::Notable),
        _ if entry.category.eq_ignore_ascii_case("RMM") => (Category::Rmm, Role::Host, Presence::Notable),
        _ => (Category::RemoteDesktop, Role::Host, Presence::Notable),
    };
    Tool {
        id: id.to_owned(),
        name: entry.name.clone(),
        vendor: entry.name.split('(').next().unwrap_or(&entry.name).trim().to_owned(),
        category,
        role,
        prevalence: Prevalence::Low,
        presence,
        grants: None,
        on: super::SwitchedOn::default(),
        severity: None,
        bundled_with: Vec::new(),
        markers_needed: 1,
        actions: Vec::new(),
        disable: format!("Uninstall {} and end what runs of it.", entry.name),
        note: "Proposed by an import: category, role and vendor are to be reviewed.".into(),
        facts: Vec::new(),
    }
}

fn id_of(name: &str) -> String {
    let plain = name.split('(').next().unwrap_or(name);
    let parts: Vec<String> = plain
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let id = parts.join("-");
    id.get(..MAX_ID).unwrap_or(&id).trim_end_matches('-').to_owned()
}

const MAX_ID: usize = 40;
const MAX_TOOLS: usize = 10_000;
/// The collections are a megabyte; a policy file's limit times sixteen.
const MAX_COLLECTION_BYTES: usize = 16 * MAX_FILE_BYTES;

#[cfg(test)]
mod tests;
