use bearing_protocol::{
    Timestamp,
    envelope::Envelope,
    id::EvaluationId,
    key::KeySet,
    payload::{DeviceResult, EvaluationPayload, ReportPayload},
};
use bearing_store::{ChallengeRow, DeviceState, EvaluationRow, EvaluationStatus, StoreError};
use tracing::{info, warn};

use super::{EvaluationError, count, device_result};
use crate::app::App;

/// Freezes an evaluation: takes every answer that came, names who did not answer and why, signs the result
/// with the evidence key. Freezing a frozen one gives it back as it is.
pub async fn freeze(app: &App, id: &EvaluationId) -> Result<EvaluationRow, EvaluationError> {
    let row = app.store.evaluation(id).await?.ok_or_else(|| EvaluationError::Unknown(id.clone()))?;
    if row.status == EvaluationStatus::Frozen {
        return Ok(row);
    }
    let frozen_at = app.clock.now();
    let all_rules: Vec<_> = app.catalogue.rules().map(|rule| rule.id).collect();
    let mut devices = Vec::new();
    for challenge in app.store.challenges(id).await? {
        devices.push(assess(app, &row, &challenge, &all_rules).await?);
    }
    let payload = EvaluationPayload {
        server: app.server.clone(),
        id: row.id.clone(),
        name: row.name.clone(),
        created_by: row.created_by.clone(),
        created_at: row.created_at,
        deadline: row.deadline,
        frozen_at,
        scope: row.scope.clone(),
        counts: count(&devices),
        devices,
    };
    let result = Envelope::seal(&payload, &[&app.evidence_key]).map_err(EvaluationError::Seal)?;
    match app.store.freeze_evaluation(id, &result, frozen_at).await {
        Ok(()) => info!(evaluation.id = %id, devices = payload.devices.len(), "froze evaluation"),
        Err(StoreError::Conflict(_)) => {} // somebody froze it meanwhile: theirs stands
        Err(error) => return Err(error.into()),
    }
    app.store.evaluation(id).await?.ok_or_else(|| EvaluationError::Unknown(id.clone()))
}

/// Freezes every running evaluation that all devices answered or whose deadline has passed; how many.
pub async fn freeze_due(app: &App, now: Timestamp) -> Result<usize, EvaluationError> {
    let due = app.store.due_evaluations(now).await?;
    for id in &due {
        freeze(app, id).await?;
    }
    Ok(due.len())
}

async fn assess(
    app: &App,
    row: &EvaluationRow,
    challenge: &ChallengeRow,
    all_rules: &[bearing_protocol::rule::RuleId],
) -> Result<DeviceResult, EvaluationError> {
    let not_assessed = |why: &str| {
        device_result(&challenge.device, &challenge.nonce, None, Some(why), &row.scope, all_rules)
    };
    let Some(device) = app.store.device(&challenge.device).await? else {
        return Ok(not_assessed("the device is no longer enrolled"));
    };
    let Some((digest, _, _)) = challenge.answer else {
        let why = match (device.state, device.last_seen) {
            (DeviceState::Pending, _) => "the device waits for approval".to_owned(),
            (DeviceState::Revoked, _) => "the device was revoked".to_owned(),
            (DeviceState::Active, None) => {
                "no answer before the deadline: the device was never heard".to_owned()
            }
            (DeviceState::Active, Some(seen)) => {
                format!("no answer before the deadline: last heard {seen:.0}")
            }
        };
        return Ok(not_assessed(&why));
    };
    let Some(message) = app.store.message_by_digest(&device.id, &digest).await? else {
        return Ok(not_assessed("the answering report is no longer stored"));
    };
    match message.envelope.open::<ReportPayload>(&KeySet::single(device.public_key)) {
        Ok(report) if report.nonce.as_deref() == Some(challenge.nonce.as_str()) => {
            let answer = Some((&*report, digest));
            Ok(device_result(&device.id, &challenge.nonce, answer, None, &row.scope, all_rules))
        }
        Ok(_) => Ok(not_assessed("the answering report carries another nonce")),
        Err(error) => {
            warn!(device.id = %device.id, %error, "stored report does not open");
            Ok(not_assessed("the answering report no longer verifies"))
        }
    }
}
