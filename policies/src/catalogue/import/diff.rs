//! What differs between two catalogues, as text for a person to review; and a tool as its file.

use std::collections::BTreeMap;

use super::super::{Fact, Tool};

/// One line a change: `+ tool`, `- tool`, and below a changed tool `  + fact`, `  - fact`, `  ~ field`. Empty where
/// nothing differs. Tools that `new` does not hold count as removed.
pub fn diff(old: &[Tool], new: &[Tool]) -> String {
    let by_id = |tools: &[Tool]| tools.iter().map(|t| (t.id.clone(), t.clone())).collect::<BTreeMap<_, _>>();
    let (old, new) = (by_id(old), by_id(new));
    let mut out = String::new();
    let ids: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for id in ids {
        match (old.get(id), new.get(id)) {
            (None, Some(tool)) => {
                out.push_str(&format!("+ {id}: {}\n", tool.name));
                tool.facts.iter().for_each(|fact| out.push_str(&format!("  + {}\n", line(fact))));
            }
            (Some(tool), None) => out.push_str(&format!("- {id}: {}\n", tool.name)),
            (Some(before), Some(after)) if before != after => {
                out.push_str(&format!("~ {id}: {}\n", after.name));
                changes(before, after, &mut out);
            }
            _ => {}
        }
    }
    out
}

fn changes(before: &Tool, after: &Tool, out: &mut String) {
    let bare = |tool: &Tool| {
        let mut fields = serde_json::to_value(tool).unwrap_or_default();
        if let Some(fields) = fields.as_object_mut() {
            fields.remove("facts");
        }
        fields
    };
    if let (Some(old), Some(new)) = (bare(before).as_object(), bare(after).as_object()) {
        let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            if old.get(name) != new.get(name) {
                let shown = |value: Option<&serde_json::Value>| {
                    value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
                };
                out.push_str(&format!("  ~ {name}: {} → {}\n", shown(old.get(name)), shown(new.get(name))));
            }
        }
    }
    for fact in before.facts.iter().filter(|fact| !after.facts.contains(fact)) {
        out.push_str(&format!("  - {}\n", line(fact)));
    }
    for fact in after.facts.iter().filter(|fact| !before.facts.contains(fact)) {
        out.push_str(&format!("  + {}\n", line(fact)));
    }
}

fn line(fact: &Fact) -> String {
    let word = |value: serde_json::Result<serde_json::Value>| {
        value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let broad = if fact.too_broad { ", too broad" } else { "" };
    let kind = word(serde_json::to_value(fact.kind));
    let trust = word(serde_json::to_value(fact.trust));
    let shown = bearing_protocol::text::printable(&fact.value, MAX_SHOWN);
    format!(
        "{kind} `{shown}` ({trust}{broad}; {})",
        bearing_protocol::text::printable(&fact.source, MAX_SHOWN)
    )
}

/// The tool as its file in `catalogue/remote-access`: one fact a line.
pub fn to_toml(tool: &Tool) -> String {
    let mut bare = tool.clone();
    bare.facts.clear();
    let mut out: String = toml::to_string(&bare)
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.starts_with("facts"))
        .map(|line| format!("{line}\n"))
        .collect();
    let tables = out.find("\n[").map_or(out.len(), |at| at + 1);
    let mut facts = String::from("facts = [\n");
    for fact in &tool.facts {
        let fields = toml::Table::try_from(fact).unwrap_or_default();
        let order = ["kind", "value", "os", "manager", "too_broad", "source", "trust"];
        let parts: Vec<String> =
            order.iter().filter_map(|key| fields.get(*key).map(|value| format!("{key} = {value}"))).collect();
        facts.push_str(&format!("  {{ {} }},\n", parts.join(", ")));
    }
    facts.push_str("]\n");
    out.insert_str(tables, &facts);
    out
}

const MAX_SHOWN: usize = 160;
