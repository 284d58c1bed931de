//! What most acknowledgements need and hardly ever changes: published policies, whether evaluations run.

use std::{sync::Arc, time::Duration};

use bearing_policies::{Policy, policy::Site};
use bearing_protocol::{Timestamp, payload::PolicyPayload};
use bearing_store::{PolicyRow, Store, StoreError};
use tokio::{sync::Mutex, time::Instant};

/// How long it is believed.
const BELIEVED: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Default)]
pub(super) struct Standing(Mutex<Option<(Instant, Arc<Snapshot>)>>);

/// Policies and evaluations at one instant.
pub(super) struct Snapshot {
    policies: Vec<PolicyRow>,
    /// Sites of each of them, and whether employees see their place verdict.
    sites: Vec<(Vec<Site>, bool)>,
    /// Whether any evaluation waits for answers.
    pub(super) evaluations_run: bool,
}

impl Standing {
    /// What stands now, at most a second old.
    pub(super) async fn read(&self, store: &dyn Store) -> Result<Arc<Snapshot>, StoreError> {
        let mut kept = self.0.lock().await;
        if let Some((since, snapshot)) = kept.as_ref()
            && since.elapsed() < BELIEVED
        {
            return Ok(snapshot.clone());
        }
        let policies = store.policies().await?;
        let snapshot = Arc::new(Snapshot {
            sites: policies.iter().map(sites).collect(),
            policies,
            // Due by the end of time: all that are not frozen.
            evaluations_run: !store.due_evaluations(Timestamp::MAX).await?.is_empty(),
        });
        *kept = Some((Instant::now(), snapshot.clone()));
        Ok(snapshot)
    }
}

impl Snapshot {
    /// The policy for `group`, where it is newer than `version`.
    pub(super) fn newer_policy(&self, group: &str, version: u64) -> Option<&PolicyRow> {
        self.of(group).map(|(policy, _)| policy).filter(|policy| policy.version > version)
    }

    /// The sites in the policy for `group`.
    pub(super) fn sites(&self, group: &str) -> &[Site] {
        self.of(group).map_or(&[], |(_, sites)| &sites.0)
    }

    /// Whether the policy for `group` shows everybody the place verdict of the own device.
    pub(super) fn shows_place(&self, group: &str) -> bool {
        self.of(group).is_some_and(|(_, (_, shown))| *shown)
    }

    fn of(&self, group: &str) -> Option<(&PolicyRow, &(Vec<Site>, bool))> {
        self.policies
            .iter()
            .zip(&self.sites)
            .filter(|(policy, _)| policy.groups.is_empty() || policy.groups.iter().any(|name| name == group))
            .max_by_key(|(policy, _)| policy.version)
    }
}

/// What is needed of a policy. It was verified when it was published; here only its settings are read.
fn sites(row: &PolicyRow) -> (Vec<Site>, bool) {
    let read = || {
        let payload: PolicyPayload = serde_json::from_slice(&row.envelope.body_unverified().ok()?).ok()?;
        let policy = Policy::from_json(&payload.policy).ok()?;
        Some((policy.sites().to_vec(), policy.place().show_verdict))
    };
    read().unwrap_or_default()
}
