//! `catalogue list` and `catalogue show`.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use bearing_policies::catalogue::{Fact, Tool, Trust, kvm::KvmCatalogue};
use bearing_protocol::text::printable;
use clap::Args;
use serde_json::Value;

use super::files::{Files, stem};

/// Longest value that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 200;

#[derive(Debug, Args)]
pub(super) struct List {
    /// A directory laid out as the project's `policies/catalogue`; without it: what is built in
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The tool's or device's id, as `anydesk` or `pikvm`
    id: String,
    /// A directory laid out as the project's `policies/catalogue`; without it: what is built in
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

fn files(directory: Option<&PathBuf>) -> Result<Files> {
    directory.map_or_else(|| Ok(Files::embedded()), |directory| Files::read(directory))
}

fn clean(text: &str) -> String {
    printable(text, MAX_SHOWN_CHARS)
}

/// A word of an enumeration, as the files write it.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn tool(path: &str, text: &str) -> Result<Tool> {
    Tool::parse(path, text).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", problems.join("\n"))
    })
}

/// All tools of a catalogue, read.
pub(super) fn tools(files: &Files) -> Result<Vec<Tool>> {
    files.tools.iter().map(|(path, text)| tool(path, text)).collect()
}

impl List {
    pub(super) fn run(&self) -> Result<u8> {
        let files = files(self.directory.as_ref())?;
        let mut lines = Vec::new();
        for tool in tools(&files)? {
            let (category, role) = (word(&tool.category), word(&tool.role));
            lines.push(format!("{:<28} {:<18} {:<7} {}", clean(&tool.id), category, role, clean(&tool.name)));
        }
        let devices = KvmCatalogue::compile(&files.borrowed_devices()).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("{}", problems.join("\n"))
        })?;
        for entry in devices.entries() {
            let standing = format!("{:?}", entry.standing).to_lowercase();
            lines.push(format!("{:<28} {:<18} device  {}", clean(&entry.id), standing, clean(&entry.name)));
        }
        super::super::print(&lines.join("\n"))?;
        Ok(0)
    }
}

impl Show {
    pub(super) fn run(&self) -> Result<u8> {
        let files = files(self.directory.as_ref())?;
        let named = |(path, _): &&(String, String)| stem(path) == self.id;
        let lines = if let Some((path, text)) = files.tools.iter().find(named) {
            tool_lines(&tool(path, text)?)
        } else if let Some((path, text)) = files.devices.iter().find(named) {
            let value: Value = toml::from_str(text).with_context(|| format!("`{path}` is no TOML"))?;
            let mut lines = vec![path.clone()];
            table_lines(&value, 0, &mut lines);
            lines
        } else {
            bail!("nothing has the id `{}`: see `bearing-server catalogue list`", clean(&self.id));
        };
        super::super::print(&lines.join("\n"))?;
        Ok(0)
    }
}

fn tool_lines(tool: &Tool) -> Vec<String> {
    let mut lines = vec![
        format!("{} ({}), {}", clean(&tool.name), clean(&tool.id), clean(&tool.vendor)),
        format!(
            "{}, {}, {} in honest companies",
            word(&tool.category),
            word(&tool.role),
            word(&tool.prevalence)
        ),
        format!("switch off: {}", clean(&tool.disable)),
    ];
    if !tool.note.is_empty() {
        lines.push(format!("note: {}", clean(&tool.note)));
    }
    let mut kinds: BTreeMap<String, Vec<&Fact>> = BTreeMap::new();
    for fact in &tool.facts {
        kinds.entry(word(&fact.kind)).or_default().push(fact);
    }
    for (kind, facts) in kinds {
        lines.push(format!("{kind}:"));
        lines.extend(facts.into_iter().map(fact_line));
    }
    lines
}

fn fact_line(fact: &Fact) -> String {
    let systems: Vec<&str> = fact.os.iter().map(|os| os.as_str()).collect();
    let weight = match (fact.too_broad, fact.trust) {
        (true, _) => "too broad, only corroborates",
        (false, Trust::Unverified) => "unverified, never convicts",
        (false, _) if fact.kind.only_strengthens() => "only strengthens",
        (false, _) => "convicts",
    };
    format!(
        "  {}  [{}] {weight}; {} {}",
        clean(&fact.value),
        systems.join(" "),
        word(&fact.trust),
        clean(&fact.source)
    )
}

/// A device's file as it stands, a line each.
fn table_lines(value: &Value, depth: usize, out: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        match value {
            Value::Array(list) if list.iter().any(Value::is_object) => {
                for item in list {
                    out.push(format!("{indent}{key}:"));
                    table_lines(item, depth + 1, out);
                }
            }
            Value::Object(_) => {
                out.push(format!("{indent}{key}:"));
                table_lines(value, depth + 1, out);
            }
            Value::String(text) => out.push(format!("{indent}{key}: {}", clean(text))),
            other => out.push(format!("{indent}{key}: {}", clean(&other.to_string()))),
        }
    }
}
