use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    commitment::Commitment,
    coverage::{Coverage, Source},
    digest::Digest,
    envelope::Payload,
    finding::Approval,
    id::{DeviceId, EvaluationId, FindingId, ServerId},
    key::KeyProtection,
    outcome::RuleOutcome,
    report::{OsSummary, PolicySummary},
    rule::{Family, RuleId},
    severity::{Confidence, Severity},
};

/// An evaluation as it is signed: rules, severities and digests; values are committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportPayload {
    /// Whom it is for.
    pub server: ServerId,
    /// Who speaks. Must be the id of the key that verified.
    pub device_id: DeviceId,
    /// The kernel's boot id.
    pub boot_id: Option<String>,
    /// One more than the last message's. The first after enrolment is 1.
    pub sequence: u64,
    /// Chain digest of the message before; absent in the first.
    pub previous: Option<Digest>,
    /// Why now.
    pub reason: ReportReason,
    /// The nonce of a challenge this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The evaluation that challenged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<EvaluationId>,
    /// When the rules were applied, by the agent's clock.
    pub evaluated_at: Timestamp,
    /// When it was signed, by the agent's clock.
    pub sent_at: Timestamp,
    /// Version of the agent.
    pub agent_version: String,
    /// SHA-256 of the agent's own binary.
    pub agent_digest: Option<Digest>,
    /// How the device key is kept.
    pub key_protection: KeyProtection,
    /// Operating system (not committed: coverage and outcomes cannot be read without it).
    pub os: OsSummary,
    /// Kind of machine.
    pub machine: crate::fact::MachineKind,
    /// Host name, committed.
    pub hostname: Commitment,
    /// Policy in force.
    pub policy: PolicySummary,
    /// Problems with policy since the last report, by name (each is an AT-04 outcome).
    #[serde(default)]
    pub policy_problems: Vec<String>,
    /// What the spool dropped since the last report that arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spool_loss: Option<SpoolLoss>,
    /// The newest line of the agent's journal of devices: whoever changes the journal later contradicts this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_journal: Option<Digest>,
    /// What was looked at. Details are counted facts, without values.
    pub coverage: Vec<Coverage>,
    /// What became of every rule.
    pub outcomes: Vec<RuleOutcome>,
    /// What was found.
    pub findings: Vec<CommittedFinding>,
    /// The compact inventory that policy asks for.
    pub inventory: Vec<CommittedItem>,
}

impl Payload for ReportPayload {
    const TYPE: &'static str = "application/vnd.bearing.report.v1+json";
}

/// Why an agent evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// The first after enrolment or start.
    Start,
    /// As policy schedules.
    Schedule,
    /// The server asked with a nonce.
    Challenge,
    /// A device appeared or went.
    DeviceChange,
    /// New policy came into force.
    PolicyChange,
}

/// Messages the spool had to drop. Declared is AT-07; undeclared would be AT-02.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoolLoss {
    /// First sequence number dropped.
    pub from: u64,
    /// Last sequence number dropped.
    pub to: u64,
    /// Chain digest of the last message dropped.
    pub last_digest: Digest,
}

/// A finding whose texts are committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedFinding {
    /// Stable across runs for the same cause.
    pub id: FindingId,
    /// The rule.
    pub rule: RuleId,
    /// Its family.
    pub family: Family,
    /// How grave.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The catalogue's id, where a product was recognised.
    #[serde(default)]
    pub product: Option<String>,
    /// Opens to a [`FindingText`].
    pub text: Commitment,
    /// Evidence, each committed by itself.
    pub evidence: Vec<CommittedEvidence>,
    /// ATT&CK technique ids.
    #[serde(default)]
    pub attack: Vec<String>,
    /// Controls.
    #[serde(default)]
    pub controls: Vec<String>,
    /// The approval in policy that covers it.
    #[serde(default)]
    pub approval: Option<Approval>,
}

/// One piece of evidence whose value is committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedEvidence {
    /// Where it was read.
    pub source: Source,
    /// Which field.
    pub field: String,
    /// The rule this piece belongs to, where the finding fuses several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// Opens to an [`EvidenceText`].
    pub text: Commitment,
}

/// The texts of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingText {
    /// One line.
    pub title: String,
    /// What it is about.
    pub subject: String,
    /// How to disprove it.
    pub disproof: String,
    /// What to do.
    pub remediation: String,
}

/// The texts of a piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceText {
    /// Where in the source.
    pub location: String,
    /// What it held.
    pub value: String,
    /// Why that speaks for the finding.
    pub why: String,
}

/// One inventory item, committed: opens to an [`super::InventoryValue`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedItem {
    /// Where it was read.
    pub source: Source,
    /// Opens to the item.
    pub item: Commitment,
}
