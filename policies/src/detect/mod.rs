//! Detectors: facts + catalogue + policy + now → findings. One directory per subject.
//!
//! Always: the same input gives the same output; a rule whose needs were not met is `not_checked`, and no
//! detector turns "cannot tell" into "pass".

mod agent_tampering;
mod anti_idle;
pub mod context;
pub mod kvm;
mod location;
mod outcome;
mod posture;
mod remote_access;
pub mod sighting;
mod tunnel;
mod virtual_camera;

use bearing_protocol::{Timestamp, fact::Facts, finding::Finding, outcome::RuleOutcome, rule::Family};

pub use context::{Context, Draft, evidence};

use crate::{Catalogue, Policy};

/// What one evaluation came to.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// What became of every rule.
    pub outcomes: Vec<RuleOutcome>,
    /// What was found, gravest first; approved findings included, marked.
    pub findings: Vec<Finding>,
}

/// Applies every rule to `facts`. Tools that the policy adds are used even where `catalogue` was compiled without them.
pub fn evaluate(facts: &Facts, catalogue: &Catalogue, policy: &Policy, now: Timestamp) -> Evaluation {
    let known = |id: &str| catalogue.tools().iter().any(|tool| tool.id == id);
    let knows_own_tools = policy.tools().iter().all(|tool| known(&tool.id));
    let merged = if knows_own_tools { None } else { Some(Catalogue::for_policy(policy)) };
    let mut context = Context::new(facts, merged.as_ref().unwrap_or(catalogue), policy, now);
    for (family, detector) in DETECTORS {
        if policy.family_is_on(*family) {
            detector(&mut context);
        }
    }
    context.finish()
}

type Detector = fn(&mut Context<'_>);

/// Every detector with the family it serves.
const DETECTORS: &[(Family, Detector)] = &[
    (Family::RemoteAccess, remote_access::detect),
    (Family::Tunnel, tunnel::detect),
    (Family::VirtualCamera, virtual_camera::detect),
    (Family::Posture, posture::detect),
    (Family::AgentTampering, agent_tampering::detect),
    (Family::Kvm, kvm::detect),
    (Family::AntiIdle, anti_idle::detect),
    (Family::Location, location::detect),
];
