//! What an import would change.

use std::collections::BTreeSet;

use bearing_store::{DeviceRefKind, PageRequest, Person, PersonFilter, StoreError};
use serde::Serialize;
use serde_json::Value;

use crate::app::App;

/// How many people one page asks for.
const PAGE: u32 = 500;
/// Where people of a file are from: nobody else goes with `remove_missing`.
const SOURCE: &str = "csv";

/// What would change.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// People who are not there yet.
    pub added: Vec<Person>,
    /// People of whom something changes.
    pub changed: Vec<Changed>,
    /// People who are there and not in the file, by key; only where they are to be removed.
    pub removed: Vec<Person>,
    /// How many stay as they are.
    pub unchanged: usize,
}

/// A person of whom something changes.
#[derive(Clone, Debug)]
pub struct Changed {
    /// As it will be.
    pub person: Person,
    /// Field, before, after.
    pub fields: Vec<(String, String, String)>,
}

impl Plan {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// A line for each change.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.added.iter().map(|p| format!("+ {}", label(p))).collect();
        for changed in &self.changed {
            lines.push(format!("~ {}", label(&changed.person)));
            lines.extend(
                changed.fields.iter().map(|(name, before, after)| format!("    {name}: {before} → {after}")),
            );
        }
        lines.extend(self.removed.iter().map(|p| format!("- {}", label(p))));
        lines
    }
}

fn label(person: &Person) -> String {
    let name = person.names.display_name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{}{name}", person.names.key)
}

/// Compares a roster with what is stored. `remove_missing` also names who is not in it.
///
/// # Errors
/// The store's.
pub async fn plan(app: &App, people: &[Person], remove_missing: bool) -> Result<Plan, StoreError> {
    let mut plan = Plan::default();
    for person in people {
        match app.store.person(&person.row.id).await? {
            None => plan.added.push(person.clone()),
            Some(before) => {
                let mut person = person.clone();
                // What another source knows stays.
                person.names.external_id =
                    person.names.external_id.or_else(|| before.names.external_id.clone());
                let elsewhere = before
                    .devices
                    .iter()
                    .filter(|device| matches!(device.kind, DeviceRefKind::Serial | DeviceRefKind::Mdm));
                person.devices.extend(elsewhere.cloned());
                person.devices.sort();
                person.devices.dedup();
                let fields = differences(&before, &person);
                if fields.is_empty() {
                    plan.unchanged += 1;
                } else {
                    plan.changed.push(Changed { person, fields });
                }
            }
        }
    }
    if remove_missing {
        let kept: BTreeSet<&str> = people.iter().map(|person| person.row.id.as_str()).collect();
        let mut page = PageRequest { after: None, limit: PAGE };
        loop {
            let some = app.store.people(&PersonFilter::default(), &page).await?;
            plan.removed.extend(
                some.items
                    .into_iter()
                    .filter(|p| p.row.source == SOURCE && !kept.contains(p.row.id.as_str())),
            );
            match some.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
    }
    Ok(plan)
}

fn differences(before: &Person, after: &Person) -> Vec<(String, String, String)> {
    let mut all = fields("", &before.row, &after.row);
    all.retain(|(name, _, _)| !matches!(name.as_str(), "updated_at" | "source" | "id"));
    all.extend(fields("", &before.names, &after.names));
    if before.devices != after.devices {
        let words = |person: &Person| {
            person.devices.iter().map(|device| device.value.as_str()).collect::<Vec<_>>().join(" ")
        };
        all.push(("devices".to_owned(), words(before), words(after)));
    }
    all
}

fn fields<T: Serialize>(prefix: &str, before: &T, after: &T) -> Vec<(String, String, String)> {
    let (Ok(Value::Object(before)), Ok(Value::Object(after))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Vec::new();
    };
    after
        .iter()
        .filter_map(|(name, value)| {
            let old = before.get(name).unwrap_or(&Value::Null);
            (old != value).then(|| (format!("{prefix}{name}"), word(old), word(value)))
        })
        .collect()
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "nothing".to_owned(),
        Value::Array(all) => all.iter().map(word).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
