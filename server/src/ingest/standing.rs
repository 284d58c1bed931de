//! What most acknowledgements need and hardly ever changes: published policies, whether evaluations run.

use std::{sync::Arc, time::Duration};

use bearing_protocol::Timestamp;
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
        let snapshot = Arc::new(Snapshot {
            policies: store.policies().await?,
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
        self.policies
            .iter()
            .filter(|policy| policy.groups.is_empty() || policy.groups.iter().any(|name| name == group))
            .max_by_key(|policy| policy.version)
            .filter(|policy| policy.version > version)
    }
}
