//! Links in `*.wants`, `*.requires` and aliases: what an administrator set to start.

use std::collections::BTreeMap;

/// Names that are linked, with the link's target.
#[derive(Debug, Default)]
pub(super) struct Links {
    targets: BTreeMap<String, String>,
}

impl Links {
    /// Takes one link; only units' names count.
    pub(super) fn add(&mut self, name: &str, target: &str) {
        if super::is_unit(name) {
            self.targets.entry(name.to_owned()).or_insert_with(|| target.to_owned());
        }
    }

    /// Whether this unit is linked.
    pub(super) fn enables(&self, name: &str) -> bool {
        self.targets.contains_key(name)
    }

    /// Every linked name and its link's target.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (&String, &String)> {
        self.targets.iter()
    }
}
