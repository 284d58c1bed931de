//! Groups: components that weigh enough, with their verdict and arithmetic.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    GROUP_KINDS, GROUP_WEIGHT, GROUP_WORKERS,
    edges::{Edges, components, edges},
    explain,
    host::{self, HostFinding},
    input::{EdgeKind, FarmInput},
};

/// What a group asks for. Like a device's verdict, it is a proposal: a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "plain words")]
pub enum GroupVerdict {
    Review,
    Investigate,
    Escalate,
}

impl GroupVerdict {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Investigate => "investigate",
            Self::Escalate => "escalate",
        }
    }
}

/// One thing that ties members of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupEdge {
    /// What kind.
    pub kind: EdgeKind,
    /// The value (a keyed digest); empty for neighbourhood and starts, which are no value.
    pub value: String,
    /// What is known of it that names nobody.
    pub detail: String,
    /// The members that it ties, as places in [`FarmInput::hosts`].
    pub hosts: Vec<usize>,
    /// How many workers those are.
    pub workers: usize,
    /// The weight of one pair at its best.
    pub weight: f64,
    /// Pairs that it ties.
    pub pairs: usize,
    /// Whether it belongs to the least set that explains the group.
    pub explains: bool,
}

/// A group.
#[derive(Clone, Debug, PartialEq)]
pub struct FarmGroup {
    /// Members, as places in [`FarmInput::hosts`].
    pub hosts: Vec<usize>,
    /// Different workers.
    pub workers: usize,
    /// What it weighs.
    pub weight: f64,
    /// What it asks for.
    pub verdict: GroupVerdict,
    /// What ties it, those that explain it first.
    pub edges: Vec<GroupEdge>,
    /// The arithmetic, a line each.
    pub arithmetic: Vec<String>,
}

/// What the model says about a component of hosts.
#[derive(Clone, Debug, PartialEq)]
pub struct FarmResult {
    /// Groups.
    pub groups: Vec<FarmGroup>,
    /// What becomes a finding, host by host.
    pub findings: Vec<HostFinding>,
}

/// Applies the model.
pub fn evaluate_farm(input: &FarmInput) -> FarmResult {
    let edges = edges(input);
    let tied: BTreeSet<(usize, usize)> = edges.pairs.keys().copied().collect();
    let groups = components(&tied).iter().filter_map(|members| group(input, &edges, members)).collect();
    FarmResult { groups, findings: host::findings(input, &edges) }
}

pub(super) fn workers(input: &FarmInput, hosts: impl IntoIterator<Item = usize>) -> usize {
    let workers: BTreeSet<&str> =
        hosts.into_iter().filter_map(|host| input.hosts.get(host)).map(|host| host.worker.as_str()).collect();
    workers.len()
}

fn group(input: &FarmInput, edges: &Edges, members: &BTreeSet<usize>) -> Option<FarmGroup> {
    let mut by_kind: BTreeMap<EdgeKind, (f64, usize)> = BTreeMap::new();
    for ties in edges.pairs.range((0, 0)..).filter(|((a, _), _)| members.contains(a)).map(|(_, ties)| ties) {
        for (kind, tie) in ties {
            let sum = by_kind.entry(*kind).or_default();
            sum.0 += tie.weight;
            sum.1 += 1;
        }
    }
    let weight: f64 = by_kind.values().map(|(weight, _)| weight).sum();
    let workers_in_all = workers(input, members.iter().copied());
    let static_hosts =
        members.iter().copied().filter(|host| input.hosts.get(*host).is_some_and(|h| h.is_static));
    let static_workers = workers(input, static_hosts);
    let of_a_building = by_kind.keys().all(|kind| kind.is_of_a_building());
    let is_group = weight >= GROUP_WEIGHT
        && by_kind.len() >= GROUP_KINDS
        && workers_in_all >= 2
        && (!of_a_building || static_workers >= GROUP_WORKERS);
    if !is_group {
        return None;
    }
    let strong = by_kind.contains_key(&EdgeKind::Kvm) || by_kind.contains_key(&EdgeKind::Account);
    let verdict = if strong && workers_in_all >= GROUP_WORKERS {
        GroupVerdict::Escalate
    } else if strong || !of_a_building || static_workers >= 6 {
        GroupVerdict::Investigate
    } else {
        GroupVerdict::Review
    };
    let mut arithmetic: Vec<String> = by_kind
        .iter()
        .map(|(kind, (sum, pairs))| {
            format!("{} {}: {pairs} pairs, together {sum:.1}", kind.rule(), kind.words())
        })
        .collect();
    arithmetic.push(format!(
        "sum {weight:.1} of at least {GROUP_WEIGHT}, {} kinds of at least {GROUP_KINDS}, {workers_in_all} workers, \
         {static_workers} of them on machines that stay where they are",
        by_kind.len()
    ));
    Some(FarmGroup {
        hosts: members.iter().copied().collect(),
        workers: workers_in_all,
        weight,
        verdict,
        edges: explain::edges(input, edges, members),
        arithmetic,
    })
}
