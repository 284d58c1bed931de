//! Auditors' evaluations: a frozen scope, a nonce for every device, fresh signed answers, a signed result.
//!
//! Always: who did not answer is `not assessed`, with the reason, and never a pass; a result is frozen once;
//! everything in it can be recomputed from the reports that it names.

mod create;
mod freeze;
mod result;

pub use create::create;
pub use freeze::{freeze, freeze_due};
pub use result::{count, device_result};

use bearing_protocol::id::{DeviceId, EvaluationId};
use bearing_store::StoreError;

/// Most devices in one evaluation.
pub const MAX_DEVICES: usize = 100_000;
/// Longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 200;

/// Why an evaluation could not be created or frozen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum EvaluationError {
    #[error("an evaluation needs a name of 1 to {MAX_NAME_BYTES} bytes")]
    Name,
    #[error("the deadline must lie in the future")]
    Deadline,
    #[error("no enrolled device is in this scope: check groups and device ids")]
    EmptyScope,
    #[error("more than {MAX_DEVICES} devices are in this scope: narrow it by group")]
    TooManyDevices,
    #[error("device `{0}` is not enrolled")]
    UnknownDevice(DeviceId),
    #[error("rule `{0}` is not known")]
    UnknownRule(String),
    #[error("there is no evaluation `{0}`")]
    Unknown(EvaluationId),
    #[error("random numbers are not to be had")]
    Random,
    #[error("result could not be signed")]
    Seal(#[source] serde_json::Error),
    #[error("the store could not do it")]
    Store(#[from] StoreError),
}
