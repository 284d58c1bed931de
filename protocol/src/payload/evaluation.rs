use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    envelope::Payload,
    id::{DeviceId, EvaluationId, FindingId, ServerId},
    outcome::Outcome,
    rule::RuleId,
    severity::Severity,
};

/// An auditor's evaluation, frozen: who was asked, what each answered, and who could not be assessed.
/// Signed under the server's evidence key; the reports it rests on travel beside it in the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationPayload {
    /// The server.
    pub server: ServerId,
    /// The evaluation.
    pub id: EvaluationId,
    /// Its name.
    pub name: String,
    /// Who created it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when answers were awaited.
    pub deadline: Timestamp,
    /// When it was frozen.
    pub frozen_at: Timestamp,
    /// Its scope.
    pub scope: EvaluationScope,
    /// Results, one per device in scope.
    pub devices: Vec<DeviceResult>,
    /// Sums over all devices and rules.
    pub counts: ResultCounts,
}

impl Payload for EvaluationPayload {
    const TYPE: &'static str = "application/vnd.bearing.evaluation.v1+json";
}

/// Which devices and rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationScope {
    /// Groups; empty with empty `devices`: all devices.
    pub groups: Vec<String>,
    /// Devices by id.
    pub devices: Vec<DeviceId>,
    /// Rules; empty: all.
    pub rules: Vec<RuleId>,
}

/// One device's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceResult {
    /// Which device.
    pub device_id: DeviceId,
    /// The nonce it was challenged with.
    pub nonce: String,
    /// Chain digest of the report that answered; absent where none did.
    pub report: Option<Digest>,
    /// Why it was not assessed, where it was not ("no answer before the deadline").
    pub not_assessed: Option<String>,
    /// What became of each rule.
    pub rules: Vec<RuleResult>,
    /// Open findings, with severity.
    pub findings: BTreeMap<FindingId, Severity>,
}

/// One rule on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleResult {
    /// Which rule.
    pub rule: RuleId,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was not checked, where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResultCounts {
    /// Devices in scope.
    pub devices: u64,
    /// Devices that answered with a fresh signed report.
    pub assessed: u64,
    /// Rule outcomes that passed.
    pub pass: u64,
    /// … failed.
    pub fail: u64,
    /// … had no meaning there.
    pub not_applicable: u64,
    /// … were not checked, in error or unknown, or on devices that did not answer.
    pub not_assessed: u64,
}
