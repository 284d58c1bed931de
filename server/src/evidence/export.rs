use std::collections::BTreeMap;

use bearing_protocol::{
    envelope::{Envelope, EnvelopeError},
    id::EvaluationId,
    key::{KeySet, Signer as _},
    payload::EvaluationPayload,
};
use bearing_store::{AuditEntry, StoreError};

use super::{Bundle, BundleReport, SCHEMA};
use crate::app::App;

/// Why a bundle could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ExportError {
    #[error("there is no evaluation `{0}`")]
    Unknown(EvaluationId),
    #[error("evaluation `{0}` still runs: wait for its deadline or freeze it first")]
    Running(EvaluationId),
    #[error("the stored result does not verify under this server's evidence key")]
    Result(#[from] EnvelopeError),
    #[error("bundle cannot be written as JSON")]
    Serialise(#[from] serde_json::Error),
    #[error("the store could not do it")]
    Store(#[from] StoreError),
}

/// The bundle of a frozen evaluation, as the bytes of one JSON file. The export is in the audit log.
pub async fn export(app: &App, actor: &str, id: &EvaluationId) -> Result<Vec<u8>, ExportError> {
    let row = app.store.evaluation(id).await?.ok_or_else(|| ExportError::Unknown(id.clone()))?;
    let evaluation: Envelope = row.result.ok_or_else(|| ExportError::Running(id.clone()))?;
    let result = evaluation.open::<EvaluationPayload>(&KeySet::single(app.evidence_key.public()))?;
    let mut device_keys = BTreeMap::new();
    let mut reports = Vec::new();
    for device in &result.devices {
        if let Some(row) = app.store.device(&device.device_id).await? {
            device_keys.insert(row.id, row.public_key);
        }
        let Some(digest) = device.report else { continue };
        if let Some(message) = app.store.message_by_digest(&device.device_id, &digest).await? {
            reports.push(BundleReport {
                device_id: message.device,
                sequence: message.sequence,
                envelope: message.envelope,
                disclosures: message.disclosures,
                observation: message.observation,
            });
        }
    }
    let bundle = Bundle {
        schema: SCHEMA.to_owned(),
        note: "Signed evidence of one evaluation. Check it offline with `bearing-server evidence verify FILE --key KEY_ID_OR_HEX`. \
               Envelopes are DSSE v1 with Ed25519; disclosures are base64url JSON arrays [salt, value] whose SHA-256 the reports carry."
            .to_owned(),
        evaluation,
        evidence_key_id: app.evidence_key.key_id(),
        evidence_key: app.evidence_key.public(),
        device_keys,
        reports,
    };
    let bytes = serde_json::to_vec_pretty(&bundle)?;
    let entry = AuditEntry {
        number: 0,
        at: app.clock.now(),
        actor: actor.to_owned(),
        action: "evidence.export".to_owned(),
        object: id.to_string(),
        detail: serde_json::json!({"bytes": bytes.len(), "reports": bundle.reports.len()}),
        chain: None,
    };
    app.store.audit(&entry).await?;
    Ok(bytes)
}
