//! What of it becomes a finding of one host: counts and kinds, never the others' names.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::severity::Severity;

use super::{
    GROUP_WORKERS,
    edges::Edges,
    group::workers,
    input::{EdgeKind, FarmInput},
};

/// From how many workers on roaming hosts weigh like static ones.
const MANY_ROAMING: usize = 10;

/// One finding of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFinding {
    /// The host, as a place in [`FarmInput::hosts`].
    pub host: usize,
    /// What it shares.
    pub kind: EdgeKind,
    /// How grave.
    pub severity: Severity,
    /// Workers who share it, the own one included.
    pub workers: usize,
    /// Those of them on machines that stay where they are.
    pub static_workers: usize,
    /// What is known of the value that names nobody.
    pub detail: String,
}

/// All findings, host by host: of each kind the gravest.
pub(super) fn findings(input: &FarmInput, edges: &Edges) -> Vec<HostFinding> {
    let mut best: BTreeMap<(usize, EdgeKind), HostFinding> = BTreeMap::new();
    let values = edges.by_value.iter().filter_map(|(place, pairs)| {
        let shared = input.shared.get(*place)?;
        Some((shared.kind, shared.detail.as_str(), pairs))
    });
    let kinds = edges.by_kind.iter().map(|(kind, pairs)| (*kind, "", pairs));
    for (kind, detail, pairs) in values.chain(kinds) {
        let mut others: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (a, b) in pairs {
            others.entry(*a).or_default().insert(*b);
            others.entry(*b).or_default().insert(*a);
        }
        for (host, others) in others {
            let all = || others.iter().copied().chain([host]);
            let staying = all().filter(|one| input.hosts.get(*one).is_some_and(|h| h.is_static));
            let mut found = HostFinding {
                host,
                kind,
                severity: Severity::Low,
                workers: workers(input, all()),
                static_workers: workers(input, staying),
                detail: detail.to_owned(),
            };
            found.severity = severity(&found, shares_a_line(edges, host, &others));
            let known = best.entry((host, kind)).or_insert_with(|| found.clone());
            if (found.severity, found.workers) > (known.severity, known.workers) {
                *known = found;
            }
        }
    }
    best.into_values().collect()
}

/// Whether a host shares a line with one of the others.
fn shares_a_line(edges: &Edges, host: usize, others: &BTreeSet<usize>) -> bool {
    others.iter().any(|other| {
        let pair = (host.min(*other), host.max(*other));
        edges.pairs.get(&pair).is_some_and(|ties| {
            ties.contains_key(&EdgeKind::Address) || ties.contains_key(&EdgeKind::Gateway)
        })
    })
}

fn severity(found: &HostFinding, on_one_line: bool) -> Severity {
    match found.kind {
        EdgeKind::Address | EdgeKind::Gateway | EdgeKind::Neighbour => match found.workers {
            0..=2 => Severity::Low,
            _ if found.static_workers >= GROUP_WORKERS => Severity::High,
            workers if workers >= MANY_ROAMING => Severity::High,
            _ => Severity::Medium,
        },
        EdgeKind::Kvm => Severity::Critical,
        // Two on one line with one desk: a household that nobody declared.
        EdgeKind::UsbSerial | EdgeKind::DisplaySerial => match (found.workers, on_one_line) {
            (0..=2, true) => Severity::Low,
            (0..=2, false) => Severity::Medium,
            _ => Severity::High,
        },
        // A private network is more often the organisation's own than one account is.
        EdgeKind::Account if found.detail.ends_with(" network") => Severity::Medium,
        EdgeKind::Account => Severity::Critical,
        EdgeKind::Power | EdgeKind::Installs => Severity::Medium,
        EdgeKind::Roster => Severity::High,
    }
}
