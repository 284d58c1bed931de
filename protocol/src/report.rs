//! One evaluation's report, as `bearing-agent evaluate --format json` prints it (`bearing.report/1`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{coverage::Coverage, digest::Digest, fact::MachineKind, finding::Finding, outcome::RuleOutcome};

/// The schema's name and version.
pub const SCHEMA: &str = "bearing.report/1";

/// One evaluation of one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When the rules were applied, UTC.
    pub evaluated_at: Timestamp,
    /// Which machine.
    pub device: DeviceSummary,
    /// Which policy.
    pub policy: PolicySummary,
    /// What was looked at, and what could not be.
    pub coverage: Vec<Coverage>,
    /// What became of every rule.
    pub outcomes: Vec<RuleOutcome>,
    /// What was found, gravest first.
    pub findings: Vec<Finding>,
}

/// The machine, in brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSummary {
    /// Its host name, cut and made printable.
    pub hostname: String,
    /// Its operating system.
    pub os: OsSummary,
    /// What kind of machine.
    pub machine: MachineSummary,
}

/// An operating system, in brief.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsSummary {
    /// `linux`, `windows` or `macos`.
    pub family: String,
    /// Its name ("Debian GNU/Linux").
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A machine's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineSummary {
    /// laptop, desktop, server, vm or unknown.
    pub kind: MachineKind,
}

/// The policy in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySummary {
    /// Its name.
    pub name: String,
    /// Its version, which never goes back.
    pub version: u64,
    /// SHA-256 of its canonical JSON.
    pub digest: Digest,
}
