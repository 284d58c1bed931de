//! Findings and their life: one row per cause and device.

use bearing_protocol::{
    Timestamp,
    coverage::Coverage,
    fact::MachineKind,
    finding::Finding,
    id::{ApprovalId, DeviceId, FindingId},
    outcome::RuleOutcome,
    report::{OsSummary, PolicySummary},
    rule::{Family, RuleId},
    severity::Severity,
};
use serde::{Deserialize, Serialize};

use crate::{Page, PageRequest, StoreError};

/// Where a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "plain words")]
pub enum FindingStatus {
    Open,
    InReview,
    Approved,
    FalsePositive,
    Resolved,
}

impl FindingStatus {
    /// All, in the order they are shown.
    pub const ALL: [Self; 5] =
        [Self::Open, Self::InReview, Self::Approved, Self::FalsePositive, Self::Resolved];

    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InReview => "in_review",
            Self::Approved => "approved",
            Self::FalsePositive => "false_positive",
            Self::Resolved => "resolved",
        }
    }
}

/// A finding as it is remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindingRow {
    /// On which device.
    pub device: DeviceId,
    /// The finding as last reported (withheld texts read `withheld`).
    pub finding: Finding,
    /// `agent`, or `server` for what only the server can see.
    pub origin: String,
    /// Severity raised by what only the server knows, with the reason.
    pub raised: Option<(Severity, String)>,
    /// Where it stands.
    pub status: FindingStatus,
    /// Who works on it.
    pub assignee: Option<String>,
    /// The approval that covers it.
    pub approval: Option<ApprovalId>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// When it resolved.
    pub resolved_at: Option<Timestamp>,
    /// Grows with every change: what a change must name to be accepted.
    pub version: u64,
}

/// One line of a finding's history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindingEvent {
    /// When.
    pub at: Timestamp,
    /// Who: a person's name, `agent` or `server`.
    pub actor: String,
    /// What: `appeared`, `severity high → critical`, `status open → in_review`, `comment`, …
    pub what: String,
    /// The comment or reason.
    pub text: Option<String>,
}

/// What one complete evaluation of one device showed.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The device.
    pub device: DeviceId,
    /// `agent` or `server`: only findings of this origin are resolved by their absence.
    pub origin: String,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Rules whose outcome was pass, fail or not applicable: findings of other rules are left as they are,
    /// since absence from what was not looked at resolves nothing.
    pub assessed: Vec<RuleId>,
    /// Approvals whose hours do not hold at that time: they cover nothing of this.
    pub suspended: Vec<ApprovalId>,
    /// For origin `agent`: what the device's row and last result become.
    pub result: Option<ObservedResult>,
}

/// The parts of a report that the device's row shows.
#[derive(Clone, Debug)]
pub struct ObservedResult {
    /// Number of the report: an older one than the row's changes nothing.
    pub sequence: u64,
    /// Host name, where disclosed.
    pub hostname: Option<String>,
    /// Operating system.
    pub os: OsSummary,
    /// Machine.
    pub machine: MachineKind,
    /// Agent version.
    pub agent_version: String,
    /// Policy.
    pub policy: PolicySummary,
    /// Seconds between messages that this policy promises, where the server knows the policy.
    pub checkin_seconds: Option<u32>,
    /// Coverage.
    pub coverage: Vec<Coverage>,
    /// Outcomes.
    pub outcomes: Vec<RuleOutcome>,
}

/// Which findings.
#[derive(Clone, Debug, Default)]
pub struct FindingFilter {
    /// On this device.
    pub device: Option<DeviceId>,
    /// Of these states; empty: all.
    pub status: Vec<FindingStatus>,
    /// Of this severity or graver.
    pub at_least: Option<Severity>,
    /// Of this family.
    pub family: Option<Family>,
    /// Of this rule.
    pub rule: Option<RuleId>,
    /// Title, subject or product contains this.
    pub search: Option<String>,
}

/// Findings.
#[async_trait::async_trait]
pub trait Findings {
    /// Takes one complete evaluation: new causes appear, known ones are seen again, those of assessed rules
    /// that are gone resolve, resolved ones that return reopen. Applies matching unexpired approvals.
    /// Safe to run twice. Returns ids that appeared, reopened or grew graver.
    async fn observe(&self, observed: &Observed) -> Result<Vec<FindingId>, StoreError>;
    /// Takes many, in the order given, in one transaction. Returns what appeared, reopened or grew graver.
    async fn observe_all(&self, observed: &[Observed]) -> Result<Vec<(DeviceId, FindingId)>, StoreError>;
    /// One finding.
    async fn finding(&self, device: &DeviceId, id: &FindingId) -> Result<Option<FindingRow>, StoreError>;
    /// A page of findings: gravest first, then the newest to appear (which, unlike the last sight, stands still
    /// while somebody reads on).
    async fn findings(
        &self,
        filter: &FindingFilter,
        page: &PageRequest,
    ) -> Result<Page<FindingRow>, StoreError>;
    /// All findings of a device that are not resolved (at most 1,000).
    async fn device_findings(&self, device: &DeviceId) -> Result<Vec<FindingRow>, StoreError>;
    /// Its history, oldest first.
    async fn finding_history(
        &self,
        device: &DeviceId,
        id: &FindingId,
    ) -> Result<Vec<FindingEvent>, StoreError>;
    /// Changes status; `Conflict` where `version` is not the row's; false where there is none.
    async fn set_finding_status(
        &self,
        device: &DeviceId,
        id: &FindingId,
        version: u64,
        status: FindingStatus,
        event: &FindingEvent,
    ) -> Result<bool, StoreError>;
    /// Raises its severity for what only the server knows, with the reason; the reported one stays beside it.
    /// Once more with the same reason changes nothing. False where there is none.
    async fn raise_finding(
        &self,
        device: &DeviceId,
        id: &FindingId,
        severity: Severity,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Sets or clears who works on it.
    async fn assign_finding(
        &self,
        device: &DeviceId,
        id: &FindingId,
        assignee: Option<&str>,
        event: &FindingEvent,
    ) -> Result<bool, StoreError>;
    /// Adds a comment.
    async fn comment_finding(
        &self,
        device: &DeviceId,
        id: &FindingId,
        event: &FindingEvent,
    ) -> Result<bool, StoreError>;
}
