//! The policy in force: the last good one, kept on disk as it was signed.
//!
//! Always: a policy is believed only with enough signatures of the pinned keys (and one of an employee-side key, where
//! such are pinned and it collects more); its version never goes back; one that has expired is not taken; whatever is
//! wrong with a new one, the last good one stays in force, and the problem is named in the next report.

mod problem;

use bearing_policies::Policy;
use bearing_protocol::{
    Timestamp,
    coverage::{Coverage, Source, Status},
    envelope::Envelope,
    key::{KeySet, PublicKey},
    outcome::{Outcome, RuleOutcome},
    payload::PolicyPayload,
    rule::RuleId,
};
use serde::{Deserialize, Serialize};

use crate::state::{FileError, StateDirectory};
pub use problem::PolicyProblem;

/// The policy in force and what it was verified with.
#[derive(Debug)]
pub struct PolicyStore {
    directory: StateDirectory,
    keys: KeySet,
    employee_keys: Vec<PublicKey>,
    in_force: Policy,
    accepted: Option<Accepted>,
    problems: Vec<PolicyProblem>,
}

/// What is known of the signed policy that is in force.
#[derive(Clone, Debug)]
struct Accepted {
    version: u64,
    expires_at: Timestamp,
    envelope: Envelope,
}

/// The file: the envelope as it came, and the highest version ever accepted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    floor: u64,
    envelope: Envelope,
}

/// Whether a new policy came into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in force now.
    Yes,
    /// It is the one that is in force already.
    Same,
    /// It was refused; the problem is noted.
    No,
}

impl PolicyStore {
    /// Opens what is on disk. What cannot be used is a problem that is reported, and the built-in profile holds.
    pub fn open(directory: &StateDirectory, keys: KeySet, employee_keys: Vec<PublicKey>) -> Self {
        let mut store = Self {
            directory: directory.clone(),
            keys,
            employee_keys,
            in_force: Policy::default(),
            accepted: None,
            problems: Vec::new(),
        };
        match directory.read_json::<Stored>(FILE) {
            Ok(None) => {}
            // Expiry was enforced when it was new; the last good one stays in force after it.
            Ok(Some(stored)) => match store.verify(&stored.envelope) {
                Ok((payload, policy)) => store.put_in_force(&payload, policy, stored.envelope),
                Err(problem) => store.problems.push(PolicyProblem::Stored(problem.to_string())),
            },
            Err(error) => store.problems.push(PolicyProblem::Stored(error.to_string())),
        }
        store
    }

    /// Takes a policy that the server sent, or says why not.
    pub fn take(&mut self, envelope: Envelope, now: Timestamp) -> Taken {
        match self.try_take(envelope, now) {
            Ok(taken) => taken,
            Err(problem) => {
                self.note(problem);
                Taken::No
            }
        }
    }

    fn try_take(&mut self, envelope: Envelope, now: Timestamp) -> Result<Taken, PolicyProblem> {
        let (payload, policy) = self.verify(&envelope)?;
        let floor = self.accepted.as_ref().map_or(0, |accepted| accepted.version);
        if payload.version < floor {
            return Err(PolicyProblem::Older { version: payload.version, floor });
        }
        if payload.version == floor {
            let same = policy.summary().digest == self.in_force.summary().digest;
            return if same { Ok(Taken::Same) } else { Err(PolicyProblem::SameVersion { version: floor }) };
        }
        if payload.expires_at <= now {
            return Err(PolicyProblem::Expired { version: payload.version, at: payload.expires_at });
        }
        let stored = Stored { floor: payload.version, envelope };
        self.directory.write_json(FILE, &stored).map_err(|error| PolicyProblem::NotKept(words(&error)))?;
        self.put_in_force(&payload, policy, stored.envelope);
        Ok(Taken::Yes)
    }

    /// Signatures first, then what is said.
    fn verify(&self, envelope: &Envelope) -> Result<(PolicyPayload, Policy), PolicyProblem> {
        let payload = envelope
            .open::<PolicyPayload>(&self.keys)
            .map_err(|error| PolicyProblem::Signature(words(&error)))?
            .into_inner();
        let policy =
            Policy::from_json(&payload.policy).map_err(|error| PolicyProblem::Content(words(&error)))?;
        if policy.version() != payload.version || policy.name() != payload.name {
            let text = "its name or version is not the one it was signed for".to_owned();
            return Err(PolicyProblem::Content(text));
        }
        let widens = payload.widens_collection || policy.widens_collection_over(&self.in_force);
        if widens && !self.employee_keys.is_empty() {
            let employees = KeySet::threshold(self.employee_keys.iter().copied(), 1);
            if envelope.open::<PolicyPayload>(&employees).is_err() {
                return Err(PolicyProblem::EmployeeSignature { version: payload.version });
            }
        }
        Ok((payload, policy))
    }

    fn put_in_force(&mut self, payload: &PolicyPayload, policy: Policy, envelope: Envelope) {
        self.accepted = Some(Accepted { version: payload.version, expires_at: payload.expires_at, envelope });
        self.in_force = policy;
    }

    fn note(&mut self, problem: PolicyProblem) {
        if !self.problems.contains(&problem) && self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// The policy in force.
    pub const fn in_force(&self) -> &Policy {
        &self.in_force
    }

    /// The signed policy in force, as it came.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.accepted.as_ref().map(|accepted| &accepted.envelope)
    }

    /// Problems that no report has told yet, the one that lasts (expired, still in force) included.
    pub fn problems(&self, now: Timestamp) -> Vec<PolicyProblem> {
        let lasting = self.accepted.as_ref().filter(|accepted| accepted.expires_at <= now).map(|accepted| {
            PolicyProblem::ExpiredInForce { version: accepted.version, at: accepted.expires_at }
        });
        self.problems.iter().cloned().chain(lasting).collect()
    }

    /// These problems stand in a report that is safe in the spool.
    pub fn told(&mut self, problems: &[PolicyProblem]) {
        self.problems.retain(|problem| !problems.contains(problem));
    }

    /// The coverage line of the policy.
    pub fn coverage(&self, now: Timestamp) -> Coverage {
        let problems = self.problems(now);
        let (status, detail) = match &self.accepted {
            _ if !problems.is_empty() => {
                let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
                (Status::Error, texts.join("; "))
            }
            Some(accepted) => {
                let until = accepted.expires_at.strftime("%Y-%m-%d");
                let signers = accepted.envelope.signatures.len();
                (
                    Status::Ok,
                    format!("version {}, {signers} signatures, to be renewed by {until}", accepted.version),
                )
            }
            None => (
                Status::Unsupported,
                "no signed policy was received; the built-in profile is in force".to_owned(),
            ),
        };
        Coverage { source: Source::Policy, status, detail }
    }
}

/// States AT-04 as failed where there are policy problems: what was sent is not what was signed.
pub fn state_problems(outcomes: &mut Vec<RuleOutcome>, problems: &[PolicyProblem]) {
    let Ok(rule) = "AT-04".parse::<RuleId>() else { return };
    if problems.is_empty() {
        return;
    }
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    outcomes.retain(|outcome| outcome.rule != rule);
    outcomes.push(RuleOutcome { rule, outcome: Outcome::Fail, reason: Some(texts.join("; ")) });
}

/// An error with its causes, on one line.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    crate::report::harmless(&text)
}

impl From<FileError> for PolicyProblem {
    fn from(error: FileError) -> Self {
        Self::NotKept(words(&error))
    }
}

const FILE: &str = "policy.json";
const MAX_PROBLEMS: usize = 16;

#[cfg(test)]
mod tests;
