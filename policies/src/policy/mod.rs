//! A site's policy: families on or off, privacy, schedule, approvals, sites, severities, own tools.
//!
//! People write TOML; what is signed is the same thing as canonical JSON, every default filled in and keys sorted.
//!
//! Always: an unknown field, an unknown rule or an approval that lacks owner, reason or expiry is an error; two
//! policies that say the same have the same digest.

mod approval;
mod device;
mod form;
mod known;
mod place;
mod profile;
mod scope;
mod site;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{
    Timestamp, coverage::Source, digest::Digest, finding::Approval, report::PolicySummary, rule::Family,
    rule::RuleId, severity::Severity,
};

pub use approval::ApprovalRule;
pub use device::{DeviceApproval, DeviceScope};
pub use form::{Privacy, Schedule};
pub use known::{is_known_rule, nearest_rule};
pub use place::{AnchorSite, PlaceOptIn, PlaceSettings, TripRule};
pub use profile::PROFILES;
pub use scope::{Direction, Scope, WIDENING};
pub use site::{Site, SiteKind};
pub use window::{Day, Window};

use crate::{
    catalogue::{FactKind, Tool},
    source_text::{self, Problem},
};
use form::Form;

#[cfg(test)]
mod tests;

/// A compiled site policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    form: Form,
}

/// A policy that cannot be used: everything that is wrong with it, where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct PolicyError(pub Vec<Problem>);

impl Default for Policy {
    fn default() -> Self {
        Self::profile("default").unwrap_or_else(|| Self { form: Form::default() })
    }
}

impl Policy {
    /// The shipped profile of this name (`default`, `strict`, `privacy-eu`).
    pub fn profile(name: &str) -> Option<Self> {
        profile::text_of(name).and_then(|text| Self::from_toml(text).ok())
    }

    /// Reads a policy as people write it.
    ///
    /// # Errors
    /// What is wrong, with lines where the parser knows them.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let form: Form = source_text::parse("policy", text).map_err(|problem| PolicyError(vec![problem]))?;
        let problems: Vec<Problem> = form
            .flaws()
            .into_iter()
            .map(|(near, message)| Problem {
                file: "policy".into(),
                line: text.lines().position(|line| line.contains(&near)).map(|index| index + 1),
                message,
            })
            .collect();
        if problems.is_empty() { Ok(Self { form }) } else { Err(PolicyError(problems)) }
    }

    /// Reads a policy as it is signed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, PolicyError> {
        let form: Form = serde_json::from_value(value.clone())
            .map_err(|error| PolicyError(vec![Problem::of("policy", error.to_string())]))?;
        let flaws = form.flaws();
        if !flaws.is_empty() {
            return Err(PolicyError(
                flaws.into_iter().map(|(_, message)| Problem::of("policy", message)).collect(),
            ));
        }
        Ok(Self { form })
    }

    /// The canonical JSON that is signed and digested: every default filled in, keys sorted.
    pub fn to_json(&self) -> serde_json::Value {
        sorted(serde_json::to_value(&self.form).unwrap_or_default())
    }

    /// Name, version and digest.
    pub fn summary(&self) -> PolicySummary {
        PolicySummary {
            name: self.form.name.clone(),
            version: self.form.version,
            digest: Digest::of(self.to_json().to_string().as_bytes()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.form.name
    }

    /// Its version, which never goes back.
    pub fn version(&self) -> u64 {
        self.form.version
    }

    /// When it stops being accepted as new.
    pub fn expires(&self) -> Option<Timestamp> {
        self.form.expires
    }

    /// The device group it is for, where it says.
    pub fn group(&self) -> Option<&str> {
        self.form.group.as_deref()
    }

    /// Settings of the place evaluation.
    pub fn place(&self) -> &PlaceSettings {
        &self.form.place
    }

    /// Anchors.
    pub fn anchors(&self) -> &[AnchorSite] {
        &self.form.anchors
    }

    /// Whether the rules of `family` are applied.
    pub fn family_is_on(&self, family: Family) -> bool {
        self.form.families.get(&family).copied().unwrap_or(true)
    }

    /// The families that are applied.
    pub fn families(&self) -> BTreeSet<Family> {
        Family::ALL.into_iter().filter(|family| self.family_is_on(*family)).collect()
    }

    /// The same policy with only `families` on (those it has off stay off).
    #[must_use]
    pub fn with_families(mut self, families: &[Family]) -> Self {
        for family in Family::ALL {
            if !families.contains(&family) {
                self.form.families.insert(family, false);
            }
        }
        self
    }

    /// Whether the host may read `source`.
    pub fn source_is_on(&self, source: Source) -> bool {
        !self.form.privacy.sources_off.contains(&source)
    }

    /// The sources the host may read: what the families that are on need, less what privacy switches off.
    pub fn sources(&self) -> BTreeSet<Source> {
        let mut sources: BTreeSet<Source> = known::ALWAYS_READ.iter().copied().collect();
        for family in self.families() {
            sources.extend(known::sources_of(family));
        }
        sources.extend(self.form.minimum_coverage.iter().copied());
        sources.retain(|source| self.source_is_on(*source) && self.has_asked_for(*source));
        sources
    }

    /// Whether a source that serves only a rule that is off by default may be read.
    fn has_asked_for(&self, source: Source) -> bool {
        let mut only = known::OPT_IN_SOURCES.iter().filter(|(of, _)| *of == source);
        only.all(|(_, rule)| self.form.opt_in.iter().any(|asked| asked.as_str() == *rule))
    }

    /// Whether the compact inventory may leave the device.
    pub fn inventory_is_on(&self) -> bool {
        self.form.privacy.inventory
    }

    /// The privacy switches.
    pub fn privacy(&self) -> &Privacy {
        &self.form.privacy
    }

    /// How often the agent evaluates and checks in.
    pub fn schedule(&self) -> &Schedule {
        &self.form.schedule
    }

    /// Countries where devices under this policy are expected (ISO 3166-1 alpha-2).
    pub fn expected_countries(&self) -> &[String] {
        &self.form.expected_countries
    }

    /// The organisation's places.
    pub fn sites(&self) -> &[Site] {
        &self.form.sites
    }

    /// Approvals, expired ones included.
    pub fn approvals(&self) -> &[ApprovalRule] {
        &self.form.approvals
    }

    /// The organisation's own tools.
    pub fn tools(&self) -> &[Tool] {
        &self.form.tools
    }

    /// Sources that must be readable; one that is not is AT-07.
    pub fn minimum_coverage(&self) -> &BTreeSet<Source> {
        &self.form.minimum_coverage
    }

    /// The severity that policy sets for `rule`, if it does.
    pub fn severity_of(&self, rule: RuleId) -> Option<Severity> {
        self.form.severity.get(&rule).copied()
    }

    /// Whether policy asks for a rule that is off by default.
    pub fn opts_into(&self, rule: RuleId) -> bool {
        self.form.opt_in.contains(&rule)
    }

    /// Rules off by default that policy asks for.
    pub fn opted_rules(&self) -> impl Iterator<Item = RuleId> {
        self.form.opt_in.iter().copied()
    }

    /// All severities that policy sets.
    pub fn severities(&self) -> &BTreeMap<RuleId, Severity> {
        &self.form.severity
    }

    /// The approval that covers a finding of `rule` about `product` in `scope` at `now`.
    pub fn approval_for(
        &self,
        rule: RuleId,
        product: Option<&str>,
        scope: &Scope,
        now: Timestamp,
    ) -> Option<Approval> {
        let group = self.group();
        self.form
            .approvals
            .iter()
            .find(|approval| approval.covers(rule, product, scope, group, now))
            .map(ApprovalRule::to_finding)
    }

    /// Approvals of this product that say whom it may answer to and have not expired.
    pub fn named_bindings<'p>(
        &'p self,
        product: &'p str,
        now: Timestamp,
    ) -> impl Iterator<Item = &'p ApprovalRule> {
        self.form.approvals.iter().filter(move |approval| {
            approval.product.as_deref() == Some(product)
                && approval.names_a_binding()
                && now < approval.expires
        })
    }

    /// Whether it collects more than `old`: a source that was off, the inventory, a family of own artefacts.
    pub fn widens_collection_over(&self, old: &Self) -> bool {
        !self.sources().is_subset(&old.sources())
            || (self.inventory_is_on() && !old.inventory_is_on())
            || !self.form.opt_in.is_subset(&old.form.opt_in)
            || !self.own_collection().is_subset(&old.own_collection())
    }

    /// What own tools make the host look for.
    fn own_collection(&self) -> BTreeSet<(FactKind, &str)> {
        let facts = self.form.tools.iter().flat_map(|tool| &tool.facts);
        facts
            .filter(|fact| matches!(fact.kind, FactKind::Artefact | FactKind::Marker | FactKind::Package))
            .map(|fact| (fact.kind, fact.value.as_str()))
            .collect()
    }
}

fn sorted(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> = fields.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
