//! What was found, why, and how to disprove it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    coverage::Source,
    id::{ApprovalId, FindingId},
    rule::{Family, RuleId},
    severity::{Confidence, Severity},
};

/// One finding: one cause on one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable across runs for the same cause.
    pub id: FindingId,
    /// The rule that speaks for it. Where several fired on one physical device, the strongest.
    pub rule: RuleId,
    /// The rule's family.
    pub family: Family,
    /// How grave.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One line for a person.
    pub title: String,
    /// What it is about, as `kind:name` (`usb:1-1`, `display:card0-HDMI-A-1`, `process:anydesk`).
    pub subject: String,
    /// The catalogue's id, where a product was recognised.
    #[serde(default)]
    pub product: Option<String>,
    /// The least that shows it.
    pub evidence: Vec<Evidence>,
    /// ATT&CK technique ids.
    #[serde(default)]
    pub attack: Vec<String>,
    /// Controls it speaks to (`NIST AC-17`).
    #[serde(default)]
    pub controls: Vec<String>,
    /// How a person would show that it is wrong.
    #[serde(default)]
    pub disproof: String,
    /// What to do where it is right.
    #[serde(default)]
    pub remediation: String,
    /// The approval that covers it, where one does. It stays visible and scores nothing.
    #[serde(default)]
    pub approval: Option<Approval>,
}

/// One observed field that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where it was read.
    pub source: Source,
    /// Where in that source (`1-1`, `pid 412`, a path).
    pub location: String,
    /// Which field.
    pub field: String,
    /// What it held.
    pub value: String,
    /// Why that speaks for the finding, in words to check at the desk.
    pub why: String,
    /// The rule this piece belongs to, where the finding fuses several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
}

/// An approval that covers a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id on the server, or absent where it stands in the policy file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ApprovalId>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Timestamp,
}
