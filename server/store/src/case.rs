//! Cases: what people find out about a device, a person or a group, in one record.
//!
//! Always: a subject has at most one open case that follows it; nothing leaves a case's timeline; a change names
//! the version it saw; what a case held when it was closed stays marked, so that only new evidence reopens it.

use std::collections::BTreeMap;

use bearing_protocol::{
    Timestamp,
    id::{CaseId, DeviceId, FindingId},
    severity::Severity,
};
use serde::{Deserialize, Serialize};

use crate::{Page, PageRequest, StoreError};

/// What kind of thing a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "plain words")]
pub enum SubjectKind {
    Device,
    Person,
    Group,
}

impl SubjectKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Device, Self::Person, Self::Group];

    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Person => "person",
            Self::Group => "group",
        }
    }
}

/// What a case is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseSubject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Its id: a device's, a person's, or a group's.
    pub id: String,
}

impl CaseSubject {
    /// A device as a subject.
    pub fn device(id: &DeviceId) -> Self {
        Self { kind: SubjectKind::Device, id: id.to_string() }
    }
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// Nobody works on it yet.
    Open,
    /// Somebody does.
    InReview,
    /// Somebody proposes to confirm it: a second person decides.
    AwaitingDecision,
    /// Decided.
    Closed,
}

impl CaseStatus {
    /// All, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::Open, Self::InReview, Self::AwaitingDecision, Self::Closed];

    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InReview => "in_review",
            Self::AwaitingDecision => "awaiting_decision",
            Self::Closed => "closed",
        }
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseDecision {
    /// What the findings say is so. Two people decided it.
    Confirmed,
    /// It could not be shown.
    NotConfirmed,
    /// There is an honest reason.
    Benign,
    /// It goes on in another case.
    Moved,
}

impl CaseDecision {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Confirmed, Self::NotConfirmed, Self::Benign, Self::Moved];

    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::NotConfirmed => "not_confirmed",
            Self::Benign => "benign",
            Self::Moved => "moved",
        }
    }
}

/// One device's part in a case's verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseArithmetic {
    /// Which device.
    pub device: DeviceId,
    /// Its verdict over the case's findings on it.
    pub verdict: String,
    /// Remote-operation evidence; absent where the verdict has no score.
    pub evidence: Option<f64>,
    /// Posture, never mixed with the evidence.
    pub posture: f64,
    /// The arithmetic, a line each.
    pub lines: Vec<String>,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseRow {
    /// Its id.
    pub id: CaseId,
    /// What it is about.
    pub subject: CaseSubject,
    /// What people call it.
    pub title: String,
    /// Where it stands.
    pub status: CaseStatus,
    /// The gravest verdict of its devices, over the findings in it.
    pub verdict: String,
    /// The evidence of that device; absent where the verdict has no score.
    pub evidence: Option<f64>,
    /// The highest posture score of its devices, never mixed with the evidence.
    pub posture: f64,
    /// Each device's part.
    pub arithmetic: Vec<CaseArithmetic>,
    /// `new_hire`, `contractor`, `privileged`: they order the queue and change no score.
    pub flags: Vec<String>,
    /// Who works on it.
    pub assignee: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// `rule`, or who opened it.
    pub opened_by: String,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// What was decided; while it awaits a decision, what is proposed.
    pub decision: Option<CaseDecision>,
    /// Why.
    pub reason: Option<String>,
    /// Who proposed to confirm it.
    pub proposed_by: Option<String>,
    /// The second person, who agreed.
    pub reviewer: Option<String>,
    /// Whether new findings of its devices come into it by themselves.
    pub follows: bool,
    /// The case it was split from.
    pub split_from: Option<CaseId>,
    /// The case it goes on in.
    pub moved_to: Option<CaseId>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with every change: what a change must name to be accepted.
    pub version: u64,
}

/// How a finding stood when its case was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingMark {
    /// Its severity.
    pub severity: Severity,
    /// The kinds of evidence it had (`source/field/rule`), in order.
    pub shape: Vec<String>,
}

/// A finding in a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseMember {
    /// On which device.
    pub device: DeviceId,
    /// Which finding.
    pub finding: FindingId,
    /// Since when it is in the case.
    pub added_at: Timestamp,
    /// The number of the device's last judged report at that time: the envelope that shows it.
    pub report: Option<u64>,
    /// The case it was moved to; it counts there, and stays listed here.
    pub moved_to: Option<CaseId>,
    /// How it stood when the case was closed.
    pub closing: Option<ClosingMark>,
}

/// One line of a case's timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseEvent {
    /// When.
    pub at: Timestamp,
    /// Who: a person's name, or `server`.
    pub actor: String,
    /// What.
    pub what: String,
    /// The comment or reason.
    pub text: Option<String>,
}

/// What a disproof step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// It was tried, and the finding stands.
    Stands,
    /// It was tried, and there is an honest reason.
    Disproved,
    /// It could not be tried; the note says why.
    NotPossible,
}

impl CheckResult {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stands, Self::Disproved, Self::NotPossible];

    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Disproved => "disproved",
            Self::NotPossible => "not_possible",
        }
    }

    /// In words, for a timeline.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Stands => "tried, the finding stands",
            Self::Disproved => "tried, there is an honest reason",
            Self::NotPossible => "could not be tried",
        }
    }
}

/// The answer to one disproof step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseCheck {
    /// Which step: the digest of its device and text, so that another text is another step.
    pub key: String,
    /// What it came to.
    pub result: CheckResult,
    /// In words.
    pub note: String,
    /// Who did it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Who had a case in hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustodyEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// `looked`, or `exported` with the form.
    pub what: String,
    /// SHA-256 of what was handed out.
    pub digest: Option<String>,
    /// The number of the audit log's entry that says the same.
    pub audit: u64,
}

/// What became of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// There was none: this one is new.
    New,
    /// An open case follows this subject already.
    Already(CaseId),
}

/// What changes beside a case's row, in the same transaction.
#[derive(Clone, Debug, Default)]
pub struct CaseChange {
    /// What is written into the timeline.
    pub events: Vec<CaseEvent>,
    /// Findings that come in. One that is in already stays as it is.
    pub add: Vec<CaseMember>,
    /// Devices that it covers from now on.
    pub devices: Vec<DeviceId>,
    /// How its findings stand now, at its closing.
    pub marks: Vec<(DeviceId, FindingId, ClosingMark)>,
}

/// Which cases.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Of these states; empty: all.
    pub status: Vec<CaseStatus>,
    /// With this verdict.
    pub verdict: Option<String>,
    /// About this kind of subject.
    pub kind: Option<SubjectKind>,
    /// That this person works on.
    pub assignee: Option<String>,
    /// That cover this device.
    pub device: Option<DeviceId>,
    /// Title, subject or id contains this.
    pub search: Option<String>,
}

/// How many cases there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseCounts {
    /// By status.
    pub by_status: BTreeMap<String, u64>,
    /// Those that are not closed, by verdict.
    pub by_verdict: BTreeMap<String, u64>,
}

/// Cases.
#[async_trait::async_trait]
pub trait Cases {
    /// Opens a case, unless it follows its subject and an open one does so already.
    async fn open_case(&self, new: &CaseRow, change: &CaseChange) -> Result<Opened, StoreError>;
    /// One case.
    async fn case(&self, id: &CaseId) -> Result<Option<CaseRow>, StoreError>;
    /// A page of cases: by verdict, then by flags, then by evidence, then the newest first.
    async fn cases(&self, filter: &CaseFilter, page: &PageRequest) -> Result<Page<CaseRow>, StoreError>;
    /// How many there are.
    async fn case_counts(&self) -> Result<CaseCounts, StoreError>;
    /// The cases that cover these devices and were not moved, the newest first.
    async fn cases_of_devices(&self, devices: &[DeviceId]) -> Result<Vec<(DeviceId, CaseRow)>, StoreError>;
    /// The cases a finding is in, the newest first.
    async fn cases_of_finding(
        &self,
        device: &DeviceId,
        finding: &FindingId,
    ) -> Result<Vec<CaseRow>, StoreError>;
    /// The findings in a case, with those that were moved.
    async fn case_members(&self, id: &CaseId) -> Result<Vec<CaseMember>, StoreError>;
    /// The devices a case covers.
    async fn case_devices(&self, id: &CaseId) -> Result<Vec<DeviceId>, StoreError>;
    /// Changes a case and what belongs to it. `Conflict` where `version` is not the row's, or where it would be a
    /// second open case that follows its subject; false where there is none.
    async fn save_case(&self, row: &CaseRow, version: u64, change: &CaseChange) -> Result<bool, StoreError>;
    /// Moves findings of the case into a new one; both remember. `Conflict` where `version` is not the row's, one of
    /// the findings is not in it, or another open case follows the new one's subject.
    async fn split_case(
        &self,
        from: (&CaseRow, u64),
        new: &CaseRow,
        findings: &[(DeviceId, FindingId)],
        events: (&CaseEvent, &CaseEvent),
    ) -> Result<bool, StoreError>;
    /// Moves everything of a case into another; the first is kept as moved. `Conflict` where a version is not the
    /// row's.
    async fn merge_case(
        &self,
        from: (&CaseRow, u64),
        into: (&CaseRow, u64),
        events: (&CaseEvent, &CaseEvent),
    ) -> Result<bool, StoreError>;
    /// Adds a line to the timeline; false where there is no such case.
    async fn note_case(&self, id: &CaseId, event: &CaseEvent) -> Result<bool, StoreError>;
    /// The timeline that was written down, oldest first.
    async fn case_events(&self, id: &CaseId) -> Result<Vec<CaseEvent>, StoreError>;
    /// Answers a disproof step (the last answer holds) and writes it into the timeline; false where there is no such
    /// case. `Conflict` where `version` is not the row's.
    async fn answer_check(
        &self,
        id: &CaseId,
        version: u64,
        check: &CaseCheck,
        event: &CaseEvent,
    ) -> Result<bool, StoreError>;
    /// The answers.
    async fn case_checks(&self, id: &CaseId) -> Result<Vec<CaseCheck>, StoreError>;
    /// Notes who had it in hand.
    async fn note_custody(&self, id: &CaseId, entry: &CustodyEntry) -> Result<(), StoreError>;
    /// Who had it in hand, oldest first, at most `limit` of the newest.
    async fn custody(&self, id: &CaseId, limit: u32) -> Result<Vec<CustodyEntry>, StoreError>;
}
