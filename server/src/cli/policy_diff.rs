//! `policy diff`.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;
use bearing_protocol::text::printable;
use clap::Args;
use serde_json::Value;

use super::policy_sign::read_policy;

/// Longest value that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 200;

/// `policy diff`.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The policy before (TOML or envelope)
    before: PathBuf,
    /// The policy after
    after: PathBuf,
}

/// Every value by its path, so that defaults count as what they are.
fn flatten(path: &str, value: &Value, out: &mut BTreeMap<String, String>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| flatten(&join(key), value, out)),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                flatten(&format!("{path}[{index}]"), value, out);
            }
        }
        other => {
            out.insert(path.to_owned(), printable(&other.to_string(), MAX_SHOWN_CHARS));
        }
    }
}

/// What differs, a line each.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<String> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    flatten("", before, &mut old);
    flatten("", after, &mut new);
    let mut lines = Vec::new();
    for (path, value) in &old {
        match new.get(path) {
            None => lines.push(format!("- {path} = {value}")),
            Some(now) if now != value => lines.push(format!("~ {path} = {value} → {now}")),
            Some(_) => {}
        }
    }
    lines.extend(
        new.iter()
            .filter(|(path, _)| !old.contains_key(*path))
            .map(|(path, value)| format!("+ {path} = {value}")),
    );
    lines
}

impl Diff {
    pub(super) fn run(&self) -> Result<u8> {
        let (before, after) = (read_policy(&self.before)?, read_policy(&self.after)?);
        let mut lines = differences(&before.to_json(), &after.to_json());
        let differ = !lines.is_empty();
        if after.widens_collection_over(&before) {
            lines.push("collects more: where an employee-side key is pinned, it must sign too".to_owned());
        }
        super::print(&if differ { lines.join("\n") } else { "no difference".to_owned() })?;
        Ok(u8::from(differ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_by_its_path() {
        let before = serde_json::json!({"a": {"b": 1, "c": [1]}, "d": true});
        let after = serde_json::json!({"a": {"b": 2, "c": [1, 2]}});
        assert_eq!(differences(&before, &after), ["~ a.b = 1 → 2", "- d = true", "+ a.c[1] = 2"]);
    }
}
