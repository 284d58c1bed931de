//! Checks the data files as a whole: what `bearing-server policy check` and the tests run.
//!
//! Always: every problem is reported, not the first alone, each with file and line where known. A rule has at
//! least one hit and one nearest-miss case, its cases come out as they say, and its text matches the lock.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use bearing_protocol::{digest::Digest, rule::RuleId};
use serde::{Deserialize, Serialize};

use crate::{
    Catalogue, Policy,
    case::{self, Case, Kind},
    catalogue::CatalogueError,
    embedded,
    policy::is_known_rule,
    rule::{Rule, Status},
    source_text,
};

pub use crate::source_text::Problem;

/// A set of data files, as (path, text) with paths relative to the directory of the set.
#[derive(Clone, Debug, Default)]
pub struct DataFiles {
    /// `rules/*.toml`.
    pub rules: Vec<(String, String)>,
    /// `catalogue/remote-access/*.toml`.
    pub tools: Vec<(String, String)>,
    /// `profiles/*.toml`.
    pub profiles: Vec<(String, String)>,
    /// `cases/**/*.toml`.
    pub cases: Vec<(String, String)>,
    /// `rules.lock`.
    pub lock: String,
}

/// Version and digest of a rule's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRule {
    /// The rule's version.
    pub version: u32,
    /// SHA-256 of its file.
    pub digest: Digest,
}

impl DataFiles {
    /// The files that are built in.
    pub fn embedded() -> Self {
        let own =
            |files: &[(&str, &str)]| files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
        Self {
            rules: own(embedded::RULES),
            tools: own(embedded::TOOLS),
            profiles: own(embedded::PROFILES),
            cases: own(embedded::CASES),
            lock: embedded::RULES_LOCK.to_owned(),
        }
    }

    /// The files below `directory`, laid out as in this project.
    ///
    /// # Errors
    /// A directory or file that cannot be read; a part that is not there is empty.
    pub fn read(directory: &Path) -> io::Result<Self> {
        if !directory.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no such directory"));
        }
        let part = |name: &str| {
            let mut files = Vec::new();
            read_below(directory, &PathBuf::from(name), &mut files, 0)?;
            files.sort();
            Ok::<_, io::Error>(files)
        };
        let lock = match fs::read_to_string(directory.join("rules.lock")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            rules: part("rules")?,
            tools: part("catalogue/remote-access")?,
            profiles: part("profiles")?,
            cases: part("cases")?,
            lock,
        })
    }

    /// The lock that belongs to these rules.
    ///
    /// # Errors
    /// Rules that changed without a higher version, or do not parse.
    pub fn new_lock(&self) -> Result<String, Vec<Problem>> {
        let old = read_lock(&self.lock).unwrap_or_default();
        let mut lock = BTreeMap::new();
        let mut problems = Vec::new();
        for (file, text) in &self.rules {
            match source_text::parse::<Rule>(file, text) {
                Ok(rule) => {
                    let now = LockedRule { version: rule.version, digest: Digest::of(text.as_bytes()) };
                    let changed = old.get(&rule.id).filter(|old| old.digest != now.digest);
                    if changed.is_some_and(|old| now.version <= old.version) {
                        problems.push(Problem::at(file, text, "version", raise_version(&rule)));
                    }
                    lock.insert(rule.id, now);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut out = String::from(
            "# Made by `cargo run -p bearing-policies --example lock`: version and digest of every rule.\n",
        );
        for (id, locked) in lock {
            out.push_str(&format!(
                "{id} = {{ version = {}, digest = \"{}\" }}\n",
                locked.version, locked.digest
            ));
        }
        Ok(out)
    }

    /// Everything that is wrong with these files.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.rules.is_empty() {
            problems.push(Problem::of("rules", "there are no rule files: nothing would be found"));
        }
        let rules = borrowed(&self.rules);
        let tools = borrowed(&self.tools);
        let catalogue = match Catalogue::compile(&rules, &tools, &[]) {
            Ok(catalogue) => Some(catalogue),
            Err(CatalogueError(found)) => {
                problems.extend(found);
                None
            }
        };
        self.check_profiles(&mut problems);
        self.check_rules(&mut problems);
        if let Some(catalogue) = catalogue {
            self.check_cases(&catalogue, &mut problems);
        }
        problems
    }

    fn check_profiles(&self, problems: &mut Vec<Problem>) {
        for (file, text) in &self.profiles {
            if let Err(error) = Policy::from_toml(text) {
                problems.extend(error.0.into_iter().map(|problem| Problem { file: file.clone(), ..problem }));
            }
        }
    }

    fn check_rules(&self, problems: &mut Vec<Problem>) {
        let lock = match read_lock(&self.lock) {
            Ok(lock) => lock,
            Err(problem) => {
                problems.push(problem);
                return;
            }
        };
        for (file, text) in &self.rules {
            let Ok(rule) = source_text::parse::<Rule>(file, text) else { continue };
            if !file.ends_with(&format!("/{}.toml", rule.id)) {
                let message = format!("rule `{}` must live in `rules/{0}.toml`", rule.id);
                problems.push(Problem::at(file, text, "id", message));
            }
            if !is_known_rule(rule.id) {
                problems.push(Problem::at(file, text, "id", format!("no signal has the id `{}`", rule.id)));
            }
            let digest = Digest::of(text.as_bytes());
            match lock.get(&rule.id) {
                None => {
                    problems.push(Problem::of(file, format!("rule `{}` is missing in rules.lock", rule.id)));
                }
                Some(locked) if locked.digest != digest && locked.version >= rule.version => {
                    problems.push(Problem::at(file, text, "version", raise_version(&rule)));
                }
                Some(locked) if locked.digest != digest || locked.version != rule.version => {
                    let message =
                        format!("rules.lock holds another version of rule `{}`: write it anew", rule.id);
                    problems.push(Problem::of(file, message));
                }
                Some(_) => {}
            }
            if rule.status != Status::Retired {
                for (kind, word) in [(Kind::Hit, "hit"), (Kind::Miss, "nearest-miss")] {
                    if !self.cases.iter().any(|(path, _)| case::address(path) == Some((rule.id, kind))) {
                        problems.push(Problem::of(file, format!("rule `{}` has no {word} case", rule.id)));
                    }
                }
            }
        }
        for id in lock.keys() {
            if !self.rules.iter().any(|(file, _)| file.ends_with(&format!("/{id}.toml"))) {
                let message =
                    format!("rule `{id}` is locked but has no file: retire it instead of removing it");
                problems.push(Problem::of("rules.lock", message));
            }
        }
    }

    fn check_cases(&self, catalogue: &Catalogue, problems: &mut Vec<Problem>) {
        for (file, text) in &self.cases {
            let Some((rule, kind)) = case::address(file) else { continue };
            match Case::parse(file, text) {
                Ok(_) if catalogue.rule(rule.as_str()).is_none() => {
                    problems.push(Problem::of(file, format!("a case of rule `{rule}`, which has no file")));
                }
                Ok(case) => {
                    if let Err(wrong) = case.run(rule, kind, catalogue) {
                        problems.push(Problem::of(file, wrong));
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
}

/// Everything that is wrong with the built-in files.
pub fn check_embedded() -> Vec<Problem> {
    DataFiles::embedded().check()
}

/// Everything that is wrong with the files below `directory`.
///
/// # Errors
/// A directory or file that cannot be read.
pub fn check_directory(directory: &Path) -> io::Result<Vec<Problem>> {
    Ok(DataFiles::read(directory)?.check())
}

fn read_lock(text: &str) -> Result<BTreeMap<RuleId, LockedRule>, Problem> {
    source_text::parse("rules.lock", text)
}

fn raise_version(rule: &Rule) -> String {
    format!(
        "rule `{}` changed: raise its `version` above {} and write rules.lock anew",
        rule.id, rule.version
    )
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

fn read_below(root: &Path, name: &Path, files: &mut Vec<(String, String)>, depth: usize) -> io::Result<()> {
    let directory = root.join(name);
    if depth > MAX_DEPTH || !directory.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = name.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_below(root, &path, files, depth + 1)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "toml") {
            files.push((path.to_string_lossy().into_owned(), fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

const MAX_DEPTH: usize = 4;

#[cfg(test)]
mod tests;
