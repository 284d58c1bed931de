//! A device's verdict from what is known of it now.

use bearing_policies::risk::{RiskInput, RiskStatus, score};
use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{FindingRow, FindingStatus, StoreError, VerdictRow};
use serde_json::Value;

use crate::app::App;

/// A finding as the score sees it.
pub(crate) fn risk_input(row: &FindingRow) -> RiskInput {
    let raised = row.raised.as_ref().map(|(severity, _)| *severity);
    RiskInput {
        rule: row.finding.rule,
        severity: raised.map_or(row.finding.severity, |raised| raised.max(row.finding.severity)),
        status: match row.status {
            FindingStatus::Open | FindingStatus::InReview => RiskStatus::Open,
            FindingStatus::Approved => RiskStatus::Approved,
            FindingStatus::FalsePositive | FindingStatus::Resolved => RiskStatus::Suppressed,
        },
    }
}

/// The verdict at `now`. `place` is the place evaluation's answer where there is a new one; otherwise the last
/// one is kept.
///
/// # Errors
/// The store's.
pub async fn verdict(
    app: &App,
    device: &DeviceId,
    place: Option<Value>,
    now: Timestamp,
) -> Result<VerdictRow, StoreError> {
    let findings = app.store.device_findings(device).await?;
    let result = score(&findings.iter().map(risk_input).collect::<Vec<_>>());
    let place = match place {
        Some(place) => Some(place),
        None => app.store.verdict(device).await?.and_then(|before| before.place),
    };
    Ok(VerdictRow {
        device: device.clone(),
        verdict: result.verdict.as_str().to_owned(),
        evidence: result.evidence,
        posture: result.posture,
        arithmetic: result.arithmetic,
        place,
        at: now,
    })
}
