//! The numbers on the first page.

use std::collections::BTreeMap;

use bearing_protocol::{Timestamp, rule::Family, severity::Severity};

use crate::StoreError;

/// Counts over the whole installation.
#[derive(Clone, Debug, Default)]
pub struct OverviewCounts {
    /// Active devices.
    pub devices: u64,
    /// Of those, simulated.
    pub simulated: u64,
    /// Devices waiting for approval.
    pub pending: u64,
    /// Active devices not heard from since the instant given.
    pub silent: u64,
    /// Open findings by severity.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Open findings by family.
    pub by_family: BTreeMap<Family, u64>,
    /// Devices by verdict.
    pub by_verdict: BTreeMap<String, u64>,
    /// Devices by operating system family.
    pub by_os: BTreeMap<String, u64>,
    /// Findings that appeared per day, oldest first, at most 30: `(YYYY-MM-DD, count)`.
    pub appeared_by_day: Vec<(String, u64)>,
}

/// The first page.
#[async_trait::async_trait]
pub trait Overview {
    /// Counts; a device is silent where nothing arrived since `silent_since`.
    async fn overview(&self, now: Timestamp, silent_since: Timestamp) -> Result<OverviewCounts, StoreError>;
}
