//! Detectors: facts + catalogue + policy + now → findings. One file per subject.

use bearing_protocol::{Timestamp, fact::Facts, finding::Finding, outcome::RuleOutcome};

use crate::{Catalogue, Policy};

/// What one evaluation came to.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// What became of every rule of the enabled families.
    pub outcomes: Vec<RuleOutcome>,
    /// What was found, gravest first; approved findings included, marked.
    pub findings: Vec<Finding>,
}

/// Applies every rule to `facts`.
pub fn evaluate(_facts: &Facts, _catalogue: &Catalogue, _policy: &Policy, _now: Timestamp) -> Evaluation {
    Evaluation::default()
}
