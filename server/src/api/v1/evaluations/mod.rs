//! Auditors' evaluations.

pub(in crate::api) mod bundle;
pub(in crate::api) mod create;
pub(in crate::api) mod freeze;
pub(in crate::api) mod get;
pub(in crate::api) mod list;

use bearing_protocol::{
    envelope::Verified,
    key::KeySet,
    payload::{EvaluationPayload, EvaluationScope},
};
use bearing_store::{EvaluationRow, EvaluationStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// An evaluation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "eva_05050505050505050505050505050505", "name": "Quarterly review", "created_by": "chris",
    "created_at": "2026-11-25T08:00:00Z", "deadline": "2026-11-26T08:00:00Z",
    "scope": {"groups": ["engineering"], "devices": [], "rules": []}, "status": "running", "devices": 12, "answered": 3
}))]
pub(in crate::api) struct Evaluation {
    id: String,
    name: String,
    created_by: String,
    created_at: String,
    deadline: String,
    /// Groups, devices, rules; empty lists: all.
    #[schema(value_type = Object)]
    scope: EvaluationScope,
    /// `running frozen`.
    status: &'static str,
    devices: u64,
    answered: u64,
    /// The frozen result; on the evaluation's own page only. The signed form is in the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    result: Option<EvaluationPayload>,
}

impl Evaluation {
    fn of(row: EvaluationRow) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            created_by: row.created_by,
            created_at: row.created_at.to_string(),
            deadline: row.deadline.to_string(),
            scope: row.scope,
            status: match row.status {
                EvaluationStatus::Running => "running",
                EvaluationStatus::Frozen => "frozen",
            },
            devices: row.devices,
            answered: row.answered,
            result: None,
        }
    }

    /// With its result, where that verifies under the server's key.
    fn whole(app: &App, row: EvaluationRow) -> Self {
        let keys = KeySet::single(app.evidence_key.public());
        let result = row.result.as_ref().and_then(|envelope| envelope.open::<EvaluationPayload>(&keys).ok());
        Self { result: result.map(Verified::into_inner), ..Self::of(row) }
    }
}
