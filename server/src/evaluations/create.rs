use bearing_protocol::{Timestamp, id::EvaluationId, payload::EvaluationScope};
use bearing_store::{
    AuditEntry, ChallengeRow, DeviceFilter, DeviceRow, DeviceState, EvaluationRow, EvaluationStatus,
    MAX_PAGE, PageRequest,
};

use super::{EvaluationError, MAX_DEVICES, MAX_NAME_BYTES};
use crate::app::App;

/// Creates an evaluation over the devices in `scope` and gives each a nonce. Devices answer with their next
/// messages; those that do not before `deadline` will be `not assessed`.
pub async fn create(
    app: &App,
    actor: &str,
    name: &str,
    scope: EvaluationScope,
    deadline: Timestamp,
) -> Result<EvaluationRow, EvaluationError> {
    let name = name.trim();
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(EvaluationError::Name);
    }
    let now = app.clock.now();
    if deadline <= now {
        return Err(EvaluationError::Deadline);
    }
    for rule in &scope.rules {
        if app.catalogue.rule(rule.as_str()).is_none() {
            return Err(EvaluationError::UnknownRule(rule.to_string()));
        }
    }
    let devices = devices_in(app, &scope).await?;
    let id = EvaluationId::from_bytes(&random::<16>()?);
    let mut challenges = Vec::with_capacity(devices.len());
    for device in &devices {
        let nonce = hex::encode(random::<32>()?);
        challenges.push(ChallengeRow {
            evaluation: id.clone(),
            device: device.id.clone(),
            nonce,
            answer: None,
        });
    }
    let row = EvaluationRow {
        id,
        name: name.to_owned(),
        created_by: actor.to_owned(),
        created_at: now,
        deadline,
        scope,
        status: EvaluationStatus::Running,
        result: None,
        devices: challenges.len() as u64,
        answered: 0,
    };
    app.store.add_evaluation(&row, &challenges).await?;
    let entry = AuditEntry {
        number: 0,
        at: now,
        actor: actor.to_owned(),
        action: "evaluation.create".to_owned(),
        object: row.id.to_string(),
        detail: serde_json::json!({"name": row.name, "devices": row.devices, "deadline": row.deadline, "scope": row.scope}),
        chain: None,
    };
    app.store.audit(&entry).await?;
    Ok(row)
}

async fn devices_in(app: &App, scope: &EvaluationScope) -> Result<Vec<DeviceRow>, EvaluationError> {
    let mut found = Vec::new();
    for id in &scope.devices {
        match app.store.device(id).await? {
            Some(device) if device.state != DeviceState::Revoked => found.push(device),
            _ => return Err(EvaluationError::UnknownDevice(id.clone())),
        }
    }
    let everyone = scope.groups.is_empty() && scope.devices.is_empty();
    let filters: Vec<_> = if everyone {
        vec![DeviceFilter::default()]
    } else {
        scope
            .groups
            .iter()
            .map(|g| DeviceFilter { group: Some(g.clone()), ..DeviceFilter::default() })
            .collect()
    };
    for filter in filters {
        let mut page = PageRequest { after: None, limit: MAX_PAGE };
        loop {
            let part = app.store.devices(&filter, &page).await?;
            found.extend(part.items.into_iter().filter(|device| device.state != DeviceState::Revoked));
            if found.len() > MAX_DEVICES {
                return Err(EvaluationError::TooManyDevices);
            }
            match part.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    if found.is_empty() { Err(EvaluationError::EmptyScope) } else { Ok(found) }
}

fn random<const N: usize>() -> Result<[u8; N], EvaluationError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| EvaluationError::Random)?;
    Ok(bytes)
}
