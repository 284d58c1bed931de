//! Creating and freezing evaluations.

use bearing_protocol::{
    Timestamp,
    id::{DeviceId, EvaluationId},
    payload::EvaluationScope,
    rule::RuleId,
};
use bearing_store::EvaluationRow;
use serde_json::json;

use super::{ActError, audited};
use crate::{
    app::App,
    auth::Actor,
    evaluations::{self, EvaluationError},
    evidence::{self, ExportError},
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct EvaluationRequest {
    /// Its name.
    pub name: String,
    /// Groups; empty with empty `devices`: all devices.
    pub groups: Vec<String>,
    /// Devices.
    pub devices: Vec<DeviceId>,
    /// Rules; empty: all.
    pub rules: Vec<RuleId>,
    /// Until when answers are awaited.
    pub deadline: Timestamp,
}

/// Creates an evaluation: every device in scope is challenged at its next check-in. The audit entry is
/// `evaluations::create`'s own, since the command line creates evaluations too.
///
/// # Errors
/// Where the name is missing, the deadline lies in the past, the scope is empty, or the store cannot.
pub async fn create_evaluation(
    app: &App,
    actor: &Actor,
    request: EvaluationRequest,
) -> Result<EvaluationRow, ActError> {
    let scope = EvaluationScope { groups: request.groups, devices: request.devices, rules: request.rules };
    evaluations::create(app, actor.name(), &request.name, scope, request.deadline).await.map_err(said)
}

/// Freezes a running evaluation now: devices that have not answered are not assessed.
///
/// # Errors
/// Where there is none, it is frozen already, or the store cannot.
pub async fn freeze_evaluation(
    app: &App,
    actor: &Actor,
    id: &EvaluationId,
) -> Result<EvaluationRow, ActError> {
    app.store.evaluation(id).await?.ok_or(ActError::NotFound("evaluation"))?;
    audited(app, actor, "evaluation.freeze", id.as_str(), json!({}), async {
        evaluations::freeze(app, id).await.map_err(said)
    })
    .await
}

/// The signed bundle of a frozen evaluation, as one JSON file. The audit entry is the export's own.
///
/// # Errors
/// Where there is none, it still runs, or the store cannot.
pub async fn export_bundle(app: &App, actor: &Actor, id: &EvaluationId) -> Result<Vec<u8>, ActError> {
    evidence::export(app, actor.name(), id).await.map_err(|error| match error {
        ExportError::Unknown(_) => ActError::NotFound("evaluation"),
        ExportError::Running(_) => ActError::Conflict(error.to_string()),
        ExportError::Store(error) => error.into(),
        other => ActError::internal("the bundle was not made", other),
    })
}

fn said(error: EvaluationError) -> ActError {
    match error {
        EvaluationError::Unknown(_) => ActError::NotFound("evaluation"),
        EvaluationError::Store(error) => error.into(),
        EvaluationError::Random | EvaluationError::Seal(_) => {
            ActError::internal("the evaluation was not signed", error)
        }
        other => ActError::Invalid(other.to_string()),
    }
}
