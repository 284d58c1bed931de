//! Tools, devices and rules as data, compiled.
//!
//! Always: what is compiled cannot fail while matching, and a lookup costs what the observed name costs, however
//! many tools there are.

pub mod import;
mod index;
pub mod kvm;
mod tool;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bearing_protocol::{
    plan::{ArtefactPattern, Marker, Plan},
    rule::RuleId,
};

pub(crate) use index::basename;
pub use index::{Hit, Index};
pub use tool::{
    Action, Category, Fact, FactKind, Grants, Presence, Prevalence, Role, SwitchedOn, Tool, Trust,
};

use crate::{
    Policy, embedded,
    embedded::Part,
    rule::{Platform, Rule},
    source_text,
    source_text::Problem,
};

/// The compiled catalogue: what the project ships, and what an organisation's policy adds.
#[derive(Debug, Default)]
pub struct Catalogue {
    rules: BTreeMap<RuleId, Rule>,
    rule_texts: HashMap<String, RuleId>,
    tools: Vec<Tool>,
    index: Index,
}

/// A catalogue that cannot be compiled: everything that is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("the catalogue has {} problem(s), first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
pub struct CatalogueError(pub Vec<Problem>);

impl Catalogue {
    /// The catalogue that is built into this binary.
    ///
    /// # Panics
    /// When the built-in data does not compile, which a test rules out: a binary with a broken catalogue would
    /// find nothing and must not run.
    pub fn embedded() -> Self {
        Self::with_embedded(&[])
    }

    /// The built-in catalogue and the tools that `policy` adds.
    ///
    /// # Panics
    /// As [`Catalogue::embedded`]; a policy's own tools were checked when it was read.
    pub fn for_policy(policy: &Policy) -> Self {
        Self::with_embedded(policy.tools())
    }

    fn with_embedded(more: &[Tool]) -> Self {
        let unpacked =
            embedded::unpack(Part::Rules).and_then(|rules| Ok((rules, embedded::unpack(Part::Tools)?)));
        let compiled = unpacked
            .map_err(|error| CatalogueError(vec![Problem::of("catalogue", error.to_string())]))
            .and_then(|(rules, tools)| Self::compile(&rules.files(), &tools.files(), more));
        #[expect(clippy::panic, reason = "a binary without its catalogue would call every machine clean")]
        compiled.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The built-in catalogue with every tool `times` times, the copies under other names: for measuring that
    /// matching does not grow with the catalogue.
    pub fn embedded_times(times: usize) -> Self {
        let plain = Self::embedded();
        let mut tools = plain.tools.clone();
        for copy in 1..times {
            tools.extend(plain.tools.iter().map(|tool| tool.renamed(&format!("-copy{copy}"))));
        }
        Self { index: Index::of(&tools), tools, rules: plain.rules, rule_texts: plain.rule_texts }
    }

    /// Compiles rules and tools from (path, text), with `more` tools that are compiled already.
    ///
    /// # Errors
    /// Everything that is wrong, each with file and line.
    pub fn compile(
        rules: &[(&str, &str)],
        tools: &[(&str, &str)],
        more: &[Tool],
    ) -> Result<Self, CatalogueError> {
        let mut problems = Vec::new();
        let mut by_id: BTreeMap<RuleId, Rule> = BTreeMap::new();
        for (file, text) in rules {
            match source_text::parse::<Rule>(file, text) {
                Ok(rule) if by_id.contains_key(&rule.id) => {
                    problems.push(Problem::at(
                        file,
                        text,
                        "id",
                        format!("rule `{}` is defined twice", rule.id),
                    ));
                }
                Ok(rule) => {
                    by_id.insert(rule.id, rule);
                }
                Err(problem) => problems.push(problem),
            }
        }
        let mut known = BTreeSet::new();
        let mut all = Vec::new();
        for (file, text) in tools {
            match Tool::parse(file, text) {
                Ok(tool) if !known.insert(tool.id.clone()) => {
                    problems.push(Problem::at(
                        file,
                        text,
                        "id",
                        format!("tool `{}` is defined twice", tool.id),
                    ));
                }
                Ok(tool) => all.push(tool),
                Err(found) => problems.extend(found),
            }
        }
        for tool in more {
            if known.insert(tool.id.clone()) {
                all.push(tool.clone());
            } else {
                problems
                    .push(Problem::of("policy", format!("tool `{}` is in the catalogue already", tool.id)));
            }
        }
        for tool in &all {
            if let Some((value, assistive)) = tool.claims_assistive(&all) {
                let message = format!(
                    "tool `{}` claims `{value}`, which is {assistive}: assistive technology",
                    tool.id
                );
                problems.push(Problem::of("catalogue", message));
            }
        }
        if !problems.is_empty() {
            return Err(CatalogueError(problems));
        }
        let rule_texts = by_id.keys().map(|id| (id.as_str().to_owned(), *id)).collect();
        Ok(Self { rules: by_id, rule_texts, index: Index::of(&all), tools: all })
    }

    /// All rules, by id.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// The rule of this id (`"RA-01"`).
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(self.rule_texts.get(id)?)
    }

    /// All tools.
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// The tool of this id.
    pub fn tool(&self, id: &str) -> Option<&Tool> {
        self.index.tool(id).and_then(|number| self.tools.get(number))
    }

    /// What finds tools by what they leave.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// What the host is to look for on Linux.
    pub fn plan(&self) -> Plan {
        self.plan_for(Platform::Linux)
    }

    /// What the host is to look for on this system.
    pub fn plan_for(&self, platform: Platform) -> Plan {
        let mut plan = Plan::default();
        for tool in self.tools.iter().filter(|tool| tool.category != Category::Assistive) {
            let holds = |fact: &&Fact| fact.trust != Trust::Unverified && fact.holds_on(platform.as_str());
            for fact in tool.facts.iter().filter(holds) {
                let (product, text) = (tool.id.clone(), fact.value.clone());
                match fact.kind {
                    // Below Wine's prefixes.
                    FactKind::WindowsPath if platform == Platform::Linux && text.starts_with(r"C:\") => {
                        plan.artefacts.push(ArtefactPattern { product, pattern: text });
                    }
                    // A program that Windows brings along is no trace.
                    FactKind::WindowsPath | FactKind::Registry
                        if platform == Platform::Windows && !fact.too_broad =>
                    {
                        plan.artefacts.push(ArtefactPattern { product, pattern: text });
                    }
                    FactKind::Artefact => plan.artefacts.push(ArtefactPattern { product, pattern: text }),
                    FactKind::Marker => plan.markers.push(Marker { product, text }),
                    // Patterns match installed packages here; the host compares whole names.
                    FactKind::Package if !text.contains('*') => plan.packages.push(text),
                    _ => {}
                }
            }
        }
        plan.packages.sort();
        plan.packages.dedup();
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogue_compiles() {
        if let Err(CatalogueError(problems)) = Catalogue::compile(embedded::RULES, embedded::TOOLS, &[]) {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    }
}
