use std::sync::Arc;

use bearing_host::{Memory, Root, machine::hardware_numbers};
use bearing_policies::{Catalogue, Policy};
use bearing_protocol::{
    Timestamp,
    clock::Clock,
    coverage::{Coverage, Source, Status},
    digest::Digest,
    payload::InventoryValue,
};
use serde_json::json;

use super::{Devices, Parts};
use crate::{
    inventory::{self, Beside},
    presence,
    report::{Assessment, Request, assess_remembering},
    tenant::TenantKey,
};

/// Evaluates on a thread of its own: reading may take a while, and the network must not wait for it.
pub struct Evaluator {
    root: Root,
    catalogue: Arc<Catalogue>,
    catalogue_of: Digest,
    clock: Arc<dyn Clock>,
    memory: Memory,
}

/// What an evaluation brought.
#[derive(Debug)]
pub struct Evaluated {
    /// Facts and report.
    pub assessment: Assessment,
    /// The inventory that policy lets out.
    pub inventory: Vec<(Source, InventoryValue)>,
}

impl Evaluator {
    /// Evaluates `root` under `policy` first.
    pub fn new(root: Root, policy: &Policy, clock: Arc<dyn Clock>) -> Self {
        let catalogue = Arc::new(Catalogue::for_policy(policy));
        let catalogue_of = policy.summary().digest;
        Self { root, catalogue, catalogue_of, clock, memory: Memory::default() }
    }

    /// Evaluates with what a watch sees meanwhile.
    #[must_use]
    pub fn with_memory(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// A new policy may bring tools of its own.
    pub fn heed(&mut self, policy: &Policy) {
        let digest = policy.summary().digest;
        if digest != self.catalogue_of {
            self.catalogue = Arc::new(Catalogue::for_policy(policy));
            self.catalogue_of = digest;
        }
    }

    /// One evaluation, ready to run elsewhere.
    pub(super) fn job(
        &self,
        parts: &Parts,
        devices: &Devices,
        beside: Beside,
        now: Timestamp,
    ) -> impl FnOnce() -> Evaluated + Send + 'static + use<> {
        let (root, catalogue, clock) =
            (self.root.clone(), Arc::clone(&self.catalogue), Arc::clone(&self.clock));
        let policy = parts.policies.in_force().clone();
        let tenant: TenantKey = parts.enrolment.tenant.clone();
        let (devices, memory) = (devices.clone(), self.memory.clone());
        let directory = parts.directory.clone();
        let own = vec![parts.policies.coverage(now), spool_coverage(parts)];
        move || {
            let request = Request {
                root: &root,
                catalogue: &catalogue,
                policy: &policy,
                families: &[],
                own,
                beyond: &|facts, now| {
                    devices.recall(facts, now);
                    if policy.sources().contains(&Source::PresenceDays) {
                        let count = bearing_host::presence::builtin_input_count(&root);
                        presence::Days::note(&directory, facts, count, now);
                    } else if let Err(failure) = presence::Days::erase(&directory) {
                        tracing::warn!("day flags that policy no longer asks for stay: {failure}");
                    }
                },
                clock: clock.as_ref(),
            };
            let assessment = assess_remembering(request, &memory);
            let beside = Beside { numbers: hardware_numbers(&root), ..beside };
            let inventory = inventory::take(&assessment.facts, &catalogue, &policy, &tenant, &beside);
            Evaluated { assessment, inventory }
        }
    }
}

fn spool_coverage(parts: &Parts) -> Coverage {
    let lost = parts.outbox.chain().lost_messages();
    let waiting = parts.outbox.waiting();
    let (status, detail) = if lost > 0 {
        (Status::Partial, format!("{lost} messages were dropped; {waiting} wait to be sent"))
    } else {
        (Status::Ok, format!("{waiting} messages wait to be sent; none was dropped"))
    };
    Coverage { source: Source::Spool, status, detail }
}

impl Evaluated {
    /// What must change for a new report to be due: findings, outcomes, coverage and inventory, without counts and
    /// instants that move by themselves.
    pub fn fingerprint(&self) -> Digest {
        let report = &self.assessment.report;
        let findings: Vec<_> = report
            .findings
            .iter()
            .map(|f| json!([f.id, f.severity, f.confidence, f.approval.is_some(), f.evidence.len()]))
            .collect();
        let outcomes: Vec<_> = report.outcomes.iter().map(|o| json!([o.rule, o.outcome])).collect();
        let coverage: Vec<_> = report.coverage.iter().map(|line| json!([line.source, line.status])).collect();
        let inventory: Vec<_> =
            self.inventory.iter().map(|(source, item)| json!([source, still(item)])).collect();
        let whole = json!([report.policy.digest, report.device, findings, outcomes, coverage, inventory]);
        Digest::of(whole.to_string().as_bytes())
    }
}

/// An item without what moves by itself: round trips, and which colleagues' machines were on the network a moment ago.
fn still(item: &InventoryValue) -> InventoryValue {
    let mut item = item.clone();
    if let InventoryValue::Place(place) = &mut item {
        place.anchors.clear();
        place.neighbours.truncate(1);
        place.neighbours.iter_mut().for_each(String::clear);
    }
    item
}
