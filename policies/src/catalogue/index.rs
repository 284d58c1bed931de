//! Finds tools by what they leave.
//!
//! Always: one hash lookup per observed name (for patterns with a `*`, one per distinct prefix length), so that
//! cost grows with what is observed and not with the catalogue.

use std::collections::{BTreeSet, HashMap};

use bearing_protocol::fact::Protocol;

use super::tool::{Category, Fact, FactKind, Tool};

/// A fact of a tool, by their numbers in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Which tool.
    pub tool: usize,
    /// Which of its facts.
    pub fact: usize,
}

/// The compiled lookups.
#[derive(Debug, Default)]
pub struct Index {
    ids: HashMap<String, usize>,
    packages: Names,
    executables: Names,
    paths: Names,
    units: Names,
    entries: Names,
    interfaces: Names,
    modules: Names,
    /// Everything else that is found by one whole name, by its kind.
    others: HashMap<FactKind, Names>,
    relays: HashMap<(Protocol, u16), Vec<Hit>>,
}

#[derive(Debug, Default)]
struct Names {
    exact: HashMap<String, Vec<Hit>>,
    /// Patterns with one `*`: by what stands before it, with what stands behind it.
    prefixes: HashMap<String, Vec<(String, Hit)>>,
    prefix_lengths: BTreeSet<usize>,
}

impl Index {
    pub(super) fn of(tools: &[Tool]) -> Self {
        let mut index = Self::default();
        for (number, tool) in tools.iter().enumerate() {
            // Help for people with disabilities is not looked for: nobody can report what is never found.
            if tool.category == Category::Assistive {
                continue;
            }
            index.ids.insert(tool.id.clone(), number);
            for (fact_number, fact) in tool.facts.iter().enumerate() {
                let hit = Hit { tool: number, fact: fact_number };
                if let (FactKind::RemotePort, Some(port)) = (fact.kind, fact.port()) {
                    index.relays.entry(port).or_default().push(hit);
                }
                let Some(names) = index.names_for(fact) else { continue };
                if fact.kind.is_caseless() {
                    names.add(&fact.value.to_lowercase(), hit);
                } else {
                    names.add(&fact.value, hit);
                }
            }
        }
        index
    }

    fn names_for(&mut self, fact: &Fact) -> Option<&mut Names> {
        match fact.kind {
            FactKind::Package => Some(&mut self.packages),
            FactKind::Executable if fact.value.contains('/') => Some(&mut self.paths),
            FactKind::Executable => Some(&mut self.executables),
            FactKind::Unit => Some(&mut self.units),
            FactKind::DesktopEntry => Some(&mut self.entries),
            FactKind::Interface => Some(&mut self.interfaces),
            FactKind::GoModule => Some(&mut self.modules),
            FactKind::Artefact
            | FactKind::Listener
            | FactKind::RemotePort
            | FactKind::Marker
            | FactKind::Registry
            | FactKind::Domain => None,
            kind => Some(self.others.entry(kind).or_default()),
        }
    }

    /// The number of the tool with this id.
    pub fn tool(&self, id: &str) -> Option<usize> {
        self.ids.get(id).copied()
    }

    /// Tools that have a package of this name.
    pub fn package(&self, name: &str) -> Vec<Hit> {
        self.packages.find(name)
    }

    /// Tools that run from this path: by the whole path or by the file's name.
    pub fn executable(&self, path: &str) -> Vec<Hit> {
        let mut hits = self.paths.find(path);
        hits.extend(self.executables.find(basename(path)));
        hits
    }

    /// Tools that have this unit; instances (`a@b.service`) are found by their template.
    pub fn unit(&self, name: &str) -> Vec<Hit> {
        let mut hits = self.units.find(name);
        if let Some((template, rest)) = name.split_once('@')
            && let Some((_, suffix)) = rest.rsplit_once('.')
            && !rest.starts_with('.')
        {
            hits.extend(self.units.find(&format!("{template}@.{suffix}")));
        }
        hits
    }

    /// Tools that have a menu or autostart entry of this file name.
    pub fn desktop_entry(&self, name: &str) -> Vec<Hit> {
        self.entries.find(name)
    }

    /// Tools that make a network interface of this name.
    pub fn interface(&self, name: &str) -> Vec<Hit> {
        self.interfaces.find(name)
    }

    /// Tools whose relays wait on this port.
    pub fn relay(&self, protocol: Protocol, port: u16) -> &[Hit] {
        self.relays.get(&(protocol, port)).map_or(&[], Vec::as_slice)
    }

    /// Tools whose Windows program has this file name, whatever its case.
    pub fn windows_executable(&self, name: &str) -> Vec<Hit> {
        self.by_kind(FactKind::WindowsExecutable, name)
    }

    /// Tools that have a fact of this kind with this value; for kinds that have no look-up of their own above.
    pub fn by_kind(&self, kind: FactKind, value: &str) -> Vec<Hit> {
        let Some(names) = self.others.get(&kind) else { return Vec::new() };
        if kind.is_caseless() { names.find(&value.to_lowercase()) } else { names.find(value) }
    }

    /// Tools that are built from this Go module, major version suffixes aside.
    pub fn go_module(&self, path: &str) -> Vec<Hit> {
        let plain = path.rsplit_once("/v").filter(|(_, rest)| rest.bytes().all(|b| b.is_ascii_digit()));
        self.modules.find(plain.map_or(path, |(plain, _)| plain))
    }
}

impl Names {
    fn add(&mut self, value: &str, hit: Hit) {
        match value.split_once('*') {
            Some((before, behind)) => {
                self.prefix_lengths.insert(before.len());
                self.prefixes.entry(before.to_owned()).or_default().push((behind.to_owned(), hit));
            }
            None => self.exact.entry(value.to_owned()).or_default().push(hit),
        }
    }

    fn find(&self, name: &str) -> Vec<Hit> {
        let mut hits = self.exact.get(name).cloned().unwrap_or_default();
        for length in &self.prefix_lengths {
            let Some((before, rest)) = name.split_at_checked(*length) else { continue };
            for (behind, hit) in self.prefixes.get(before).into_iter().flatten() {
                if rest.ends_with(behind.as_str()) {
                    hits.push(*hit);
                }
            }
        }
        hits
    }
}

/// The file's name in a path of any system. A backslash in a file's name on other systems than Windows ends it too.
pub(crate) fn basename(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(values: &[&str]) -> Names {
        let mut names = Names::default();
        for (fact, value) in values.iter().enumerate() {
            names.add(value, Hit { tool: 0, fact });
        }
        names
    }

    #[test]
    fn a_name_is_found_whole_and_never_as_a_part() {
        let names = names(&["anydesk"]);
        assert_eq!(names.find("anydesk").len(), 1);
        assert!(names.find("anydesk2").is_empty());
        assert!(names.find("myanydesk").is_empty());
    }

    #[test]
    fn a_pattern_matches_before_and_behind_its_star() {
        let names = names(&["connectwisecontrol-*.service"]);
        assert_eq!(names.find("connectwisecontrol-0a1b.service").len(), 1);
        assert!(names.find("connectwisecontrol-0a1b.timer").is_empty());
        assert!(names.find("connectwisecontrol").is_empty());
        assert!(names.find("é").is_empty());
    }
}
