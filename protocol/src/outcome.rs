//! What became of a rule on one machine.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::rule::RuleId;

/// What became of a rule. "Cannot tell" is never "pass".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All facts the rule needs were read and nothing matched.
    Pass,
    /// Something matched, and no approval covers it.
    Fail,
    /// The rule has no meaning here (a battery rule on a server).
    NotApplicable,
    /// A fact the rule needs was not read: policy switched it off, or it was denied or unsupported.
    NotChecked,
    /// A source or the rule itself failed.
    Error,
    /// The facts were read and do not settle it.
    Unknown,
}

impl Outcome {
    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not_applicable",
            Self::NotChecked => "not_checked",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One rule's outcome in one evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleOutcome {
    /// Which rule.
    pub rule: RuleId,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was not a plain pass or fail, in words ("source `usb`: no permission").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
