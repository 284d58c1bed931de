//! Auditors' evaluations and the challenges they send.

use bearing_protocol::{
    Timestamp,
    digest::Digest,
    envelope::Envelope,
    id::{DeviceId, EvaluationId},
    payload::EvaluationScope,
};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Where an evaluation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvaluationStatus {
    /// Waits for answers.
    Running,
    /// Frozen and signed.
    Frozen,
}

/// An evaluation.
#[derive(Clone, Debug)]
pub struct EvaluationRow {
    /// Its id.
    pub id: EvaluationId,
    /// Its name.
    pub name: String,
    /// Who created it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when answers are awaited.
    pub deadline: Timestamp,
    /// Its scope.
    pub scope: EvaluationScope,
    /// Where it stands.
    pub status: EvaluationStatus,
    /// The signed result, once frozen.
    pub result: Option<Envelope>,
    /// How many devices are in scope.
    pub devices: u64,
    /// How many answered.
    pub answered: u64,
}

/// One device's challenge.
#[derive(Clone, Debug)]
pub struct ChallengeRow {
    /// Which evaluation.
    pub evaluation: EvaluationId,
    /// Which device.
    pub device: DeviceId,
    /// The nonce to be signed.
    pub nonce: String,
    /// Chain digest of the report that answered, and when.
    pub answer: Option<(Digest, u64, Timestamp)>,
}

/// Evaluations.
#[async_trait::async_trait]
pub trait Evaluations {
    /// Creates an evaluation with one challenge per device, in one transaction.
    async fn add_evaluation(
        &self,
        row: &EvaluationRow,
        challenges: &[ChallengeRow],
    ) -> Result<(), StoreError>;
    /// One evaluation.
    async fn evaluation(&self, id: &EvaluationId) -> Result<Option<EvaluationRow>, StoreError>;
    /// All, newest first, at most `limit`.
    async fn evaluations(&self, limit: u32) -> Result<Vec<EvaluationRow>, StoreError>;
    /// Its challenges.
    async fn challenges(&self, id: &EvaluationId) -> Result<Vec<ChallengeRow>, StoreError>;
    /// The oldest unanswered challenge for a device in a running evaluation whose deadline is after `now`.
    async fn open_challenge(
        &self,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<Option<ChallengeRow>, StoreError>;
    /// Freezes with the signed result; `Conflict` where it was frozen before.
    async fn freeze_evaluation(
        &self,
        id: &EvaluationId,
        result: &Envelope,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Running evaluations that are due: all answered, or deadline passed.
    async fn due_evaluations(&self, now: Timestamp) -> Result<Vec<EvaluationId>, StoreError>;
}
