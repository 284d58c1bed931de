//! `catalogue diff`: two catalogues, fact by fact.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Result};
use bearing_policies::catalogue::import;
use clap::Args;
use serde_json::{Map, Value};

use super::{
    super::policy_diff::differences,
    files::{Files, stem},
    show::tools,
};

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The catalogue before: a directory, or `built-in`
    before: PathBuf,
    /// The catalogue after: a directory, or `built-in`
    after: PathBuf,
}

impl Diff {
    pub(super) fn run(&self) -> Result<u8> {
        let (before, after) = (Files::named(&self.before)?, Files::named(&self.after)?);
        let mut lines: Vec<String> =
            import::diff(&tools(&before)?, &tools(&after)?).lines().map(str::to_owned).collect();
        let (old, new) = (devices(&before.devices)?, devices(&after.devices)?);
        for (id, value) in &old {
            match new.get(id) {
                None => lines.push(format!("- {id}")),
                Some(now) => {
                    let changes = differences(value, now);
                    if !changes.is_empty() {
                        lines.push(format!("~ {id}"));
                        lines.extend(changes.into_iter().map(|line| format!("    {line}")));
                    }
                }
            }
        }
        lines.extend(new.keys().filter(|id| !old.contains_key(*id)).map(|id| format!("+ {id}")));
        let differ = !lines.is_empty();
        super::super::print(&if differ { lines.join("\n") } else { "no difference".to_owned() })?;
        Ok(u8::from(differ))
    }
}

/// Every device file by its id, its lists of tables keyed by what each table says, so that an order is no difference.
fn devices(files: &[(String, String)]) -> Result<BTreeMap<String, Value>> {
    let mut out = BTreeMap::new();
    for (path, text) in files {
        let value: Value = toml::from_str(text).with_context(|| format!("`{path}` is no TOML"))?;
        out.insert(stem(path).to_owned(), keyed(value));
    }
    Ok(out)
}

fn keyed(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, keyed(value))).collect())
        }
        Value::Array(list) if list.iter().all(Value::is_object) => {
            let mut out = Map::new();
            for item in list {
                let word = |key: &str| item.get(key).map(ToString::to_string).unwrap_or_default();
                let name = ["kind", "os", "value", "sha256", "vendor_id", "product_id"].map(word).join(" ");
                let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
                let free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name} #{n}") });
                let name = free.take(MAX_TWINS).find(|name| !out.contains_key(name)).unwrap_or_default();
                out.insert(name, keyed(item));
            }
            Value::Object(out)
        }
        other => other,
    }
}

/// Most tables of one list that say the same.
const MAX_TWINS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_order_of_facts_is_no_difference_and_another_fact_is() {
        let a = "name = 'X'\n[[facts]]\nkind='unit'\nvalue='a'\n[[facts]]\nkind='unit'\nvalue='b'\n";
        let b = "name = 'X'\n[[facts]]\nkind='unit'\nvalue='b'\n[[facts]]\nkind='unit'\nvalue='a'\n";
        let c = "name = 'X'\n[[facts]]\nkind='unit'\nvalue='b'\n";
        let value =
            |text: &str| devices(&[("catalogue/kvm/x.toml".into(), text.into())]).unwrap()["x"].clone();
        assert!(differences(&value(a), &value(b)).is_empty());
        assert_eq!(differences(&value(a), &value(c)).len(), 2);
    }
}
