//! The policy as it is written, and what can be wrong with it beyond its syntax.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{
    Timestamp,
    coverage::Source,
    rule::{Family, RuleId},
    severity::Severity,
};
use serde::{Deserialize, Serialize};

use super::{
    approval::{self, ApprovalRule},
    known::{is_known_rule, nearest_rule},
    place::{self, AnchorSite, PlaceSettings},
    site::Site,
};
use crate::catalogue::Tool;

/// A policy's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub(super) name: String,
    pub(super) version: u64,
    /// What it is for, in a sentence.
    #[serde(default)]
    pub(super) description: String,
    #[serde(default, with = "approval::optional_instant")]
    pub(super) expires: Option<Timestamp>,
    #[serde(default)]
    pub(super) group: Option<String>,
    #[serde(default)]
    pub(super) expected_countries: Vec<String>,
    #[serde(default)]
    pub(super) minimum_coverage: BTreeSet<Source>,
    #[serde(default)]
    pub(super) families: BTreeMap<Family, bool>,
    #[serde(default)]
    pub(super) privacy: Privacy,
    #[serde(default)]
    pub(super) schedule: Schedule,
    #[serde(default)]
    pub(super) severity: BTreeMap<RuleId, Severity>,
    /// Rules that come near to watching how people work: applied only where named here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) opt_in: BTreeSet<RuleId>,
    #[serde(default, rename = "approval")]
    pub(super) approvals: Vec<ApprovalRule>,
    #[serde(default, rename = "site")]
    pub(super) sites: Vec<Site>,
    #[serde(default, skip_serializing_if = "PlaceSettings::is_default")]
    pub(super) place: PlaceSettings,
    #[serde(default, rename = "anchor", skip_serializing_if = "Vec::is_empty")]
    pub(super) anchors: Vec<AnchorSite>,
    #[serde(default, rename = "tool")]
    pub(super) tools: Vec<Tool>,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            name: "default".into(),
            version: 1,
            description: String::new(),
            expires: None,
            group: None,
            expected_countries: Vec::new(),
            minimum_coverage: BTreeSet::new(),
            families: BTreeMap::new(),
            privacy: Privacy::default(),
            schedule: Schedule::default(),
            severity: BTreeMap::new(),
            opt_in: BTreeSet::new(),
            approvals: Vec::new(),
            sites: Vec::new(),
            place: PlaceSettings::default(),
            anchors: Vec::new(),
            tools: Vec::new(),
        }
    }
}

/// What may leave the device, and what may be read at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Whether the compact inventory leaves the device beside the findings.
    #[serde(default = "yes")]
    pub inventory: bool,
    /// Sources that are never read.
    #[serde(default)]
    pub sources_off: BTreeSet<Source>,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { inventory: true, sources_off: BTreeSet::new() }
    }
}

fn yes() -> bool {
    true
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// Minutes between evaluations.
    pub evaluate_every_minutes: u32,
    /// Up to this share of the interval is added at random, so that a fleet does not speak at once.
    pub jitter_percent: u8,
    /// Minutes between check-ins.
    pub check_in_every_minutes: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { evaluate_every_minutes: 60, jitter_percent: 20, check_in_every_minutes: 5 }
    }
}

impl Form {
    /// Everything that is wrong, each with a text that stands near it in the file.
    pub(super) fn flaws(&self) -> Vec<(String, String)> {
        let mut flaws = Vec::new();
        if self.name.is_empty() || self.name.len() > MAX_NAME_BYTES {
            flaws.push(("name".into(), format!("`name` has 1 to {MAX_NAME_BYTES} bytes")));
        }
        if self.version == 0 {
            flaws.push(("version".into(), "`version` starts at 1".into()));
        }
        let schedule = &self.schedule;
        for (name, minutes) in [
            ("evaluate_every_minutes", schedule.evaluate_every_minutes),
            ("check_in_every_minutes", schedule.check_in_every_minutes),
        ] {
            if !(1..=MAX_INTERVAL_MINUTES).contains(&minutes) {
                flaws.push((name.into(), format!("`{name}` is 1 to {MAX_INTERVAL_MINUTES} minutes")));
            }
        }
        if schedule.jitter_percent > 100 {
            flaws.push(("jitter_percent".into(), "`jitter_percent` is 0 to 100".into()));
        }
        for rule in self.severity.keys() {
            flaws.extend(unknown_rule(*rule, "[severity]"));
        }
        for approval in &self.approvals {
            flaws.extend(approval.rule.and_then(|rule| unknown_rule(rule, "[[approval]]")));
            flaws.extend(approval.flaw().map(|message| (approval.owner.clone(), message)));
        }
        flaws.extend(self.sites.iter().flat_map(Site::flaws));
        flaws.extend(self.place.flaws());
        flaws.extend(place::anchor_flaws(&self.anchors));
        flaws.extend(self.expected_countries.iter().filter_map(|country| place::country_flaw(country)));
        flaws.extend(self.opt_in.iter().filter_map(|rule| unknown_rule(*rule, "`opt_in`")));
        for source in self.minimum_coverage.intersection(&self.privacy.sources_off) {
            let message = format!("source `{source}` is in `minimum_coverage` and in `sources_off`");
            flaws.push(("sources_off".into(), message));
        }
        for tool in &self.tools {
            for (near, message) in tool.flaws() {
                flaws.push((
                    near.unwrap_or_else(|| tool.id.clone()),
                    format!("tool `{}`: {message}", tool.id),
                ));
            }
        }
        for tool in &self.tools {
            if let Some((value, name)) = super::known::claims_assistive(tool) {
                let message =
                    format!("tool `{}` claims `{value}`, which is {name}: assistive technology", tool.id);
                flaws.push((value, message));
            }
        }
        let mut ids: Vec<&str> = self.tools.iter().map(|tool| tool.id.as_str()).collect();
        ids.sort_unstable();
        for pair in ids.windows(2) {
            if let [a, b] = pair
                && a == b
            {
                flaws.push(((*a).to_owned(), format!("tool `{a}` is defined twice")));
            }
        }
        for tool in self.tools.iter().filter(|tool| super::known::is_embedded_tool(&tool.id)) {
            flaws.push((
                tool.id.clone(),
                format!("tool `{}` is in the catalogue already: take another id", tool.id),
            ));
        }
        flaws
    }
}

fn unknown_rule(rule: RuleId, place: &str) -> Option<(String, String)> {
    if is_known_rule(rule) {
        return None;
    }
    let nearest = nearest_rule(rule);
    Some((rule.to_string(), format!("{place} names unknown rule `{rule}`; the nearest known is `{nearest}`")))
}

const MAX_NAME_BYTES: usize = 80;
/// A week: an agent that speaks less often cannot be told from one that is gone.
const MAX_INTERVAL_MINUTES: u32 = 7 * 24 * 60;
