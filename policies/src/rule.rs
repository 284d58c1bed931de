//! A rule as it is written in `rules/ID.toml`: what it needs, how grave, and its words for people.
//!
//! Always: unknown fields are errors. Never here: how a rule is decided; that is `detect`.

use bearing_protocol::{coverage::Source, rule::RuleId, severity::Severity};
use serde::{Deserialize, Serialize};

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Never renumbered, never reused.
    pub id: RuleId,
    /// Raised with every change of the file; `rules.lock` keeps it honest.
    pub version: u32,
    /// What it is called.
    pub name: String,
    /// How far it has come.
    pub status: Status,
    /// The severity of an ordinary finding of it; detectors say where they go above or below.
    pub severity: Severity,
    /// Where it has a meaning.
    pub platforms: Vec<Platform>,
    /// Sources without which the outcome is `not_checked`, not `pass`.
    pub needs: Vec<Source>,
    /// Sources that strengthen or explain a finding; without them the rule still holds.
    #[serde(default)]
    pub helps: Vec<Source>,
    /// Whether a finding of it at high or more can open a case. Everyday tools cannot.
    pub anchoring: bool,
    /// Why it is looked for.
    pub rationale: String,
    /// Honest reasons for it.
    pub false_positives: Vec<String>,
    /// What it cannot see.
    pub blind_spots: Vec<String>,
    /// Where to read more.
    #[serde(default)]
    pub references: Vec<String>,
    /// ATT&CK technique ids.
    #[serde(default)]
    pub attack: Vec<String>,
    /// Controls it speaks to.
    #[serde(default)]
    pub controls: Vec<String>,
    /// How a person would show that a finding is wrong.
    pub disproof: String,
    /// What to do where it is right.
    pub remediation: String,
}

/// How far a rule has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Works and is measured.
    Experimental,
    /// Proved in the field.
    Stable,
    /// No longer decided; its id stays taken.
    Retired,
}

/// An operating system family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "plain words")]
pub enum Platform {
    Linux,
    Macos,
    Windows,
}

impl Platform {
    /// The word, as `OsSummary::family` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Macos => "macos",
            Self::Windows => "windows",
        }
    }
}
