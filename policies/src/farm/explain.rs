//! The least set of edges that explains a group: none of it can be left out.

use std::collections::BTreeSet;

use super::{
    GROUP_KINDS, GROUP_WEIGHT,
    edges::{Edges, components},
    group::{GroupEdge, workers},
    input::{EdgeKind, FarmInput},
};

/// Most edges that are listed; the heaviest stay.
const MAX_EDGES: usize = 60;

struct Candidate {
    edge: GroupEdge,
    pairs: BTreeSet<(usize, usize)>,
    sum: f64,
}

fn candidate(
    input: &FarmInput,
    edges: &Edges,
    kind: EdgeKind,
    value: Option<usize>,
    pairs: BTreeSet<(usize, usize)>,
) -> Candidate {
    let hosts: BTreeSet<usize> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let of_pair = |pair| edges.pairs.get(pair).and_then(|ties| ties.get(&kind)).map_or(0.0, |tie| tie.weight);
    let (sum, best) = pairs.iter().map(of_pair).fold((0.0, 0.0_f64), |(sum, best), w| (sum + w, best.max(w)));
    let shared = value.and_then(|place| input.shared.get(place));
    let edge = GroupEdge {
        kind,
        value: shared.map(|shared| shared.value.clone()).unwrap_or_default(),
        detail: shared.map(|shared| shared.detail.clone()).unwrap_or_default(),
        workers: workers(input, hosts.iter().copied()),
        hosts: hosts.into_iter().collect(),
        weight: best,
        pairs: pairs.len(),
        explains: false,
    };
    Candidate { edge, pairs, sum }
}

/// Whether these still make one group of all members.
fn explains(chosen: &[&Candidate], members: &BTreeSet<usize>) -> bool {
    let kinds: BTreeSet<EdgeKind> = chosen.iter().map(|one| one.edge.kind).collect();
    let weight: f64 = chosen.iter().map(|one| one.sum).sum();
    let pairs = chosen.iter().flat_map(|one| one.pairs.iter().copied()).collect();
    let parts = components(&pairs);
    weight >= GROUP_WEIGHT
        && kinds.len() >= GROUP_KINDS
        && parts.len() == 1
        && parts.first().is_some_and(|part| part.len() == members.len())
}

/// What ties the members: the least explaining set first, then the rest by weight.
pub(super) fn edges(input: &FarmInput, edges: &Edges, members: &BTreeSet<usize>) -> Vec<GroupEdge> {
    let inside = |pairs: &BTreeSet<(usize, usize)>| pairs.iter().any(|(a, _)| members.contains(a));
    let of_values = edges.by_value.iter().filter(|(_, pairs)| inside(pairs)).filter_map(|(place, pairs)| {
        let kind = input.shared.get(*place)?.kind;
        Some(candidate(input, edges, kind, Some(*place), pairs.clone()))
    });
    let of_kinds = edges.by_kind.iter().map(|(kind, pairs)| {
        let own: BTreeSet<_> = pairs.iter().copied().filter(|(a, _)| members.contains(a)).collect();
        candidate(input, edges, *kind, None, own)
    });
    let mut all: Vec<Candidate> = of_values.chain(of_kinds).filter(|one| !one.pairs.is_empty()).collect();
    // Those that tie most, then the gravest kind, then the heaviest.
    let grave = |kind| !matches!(kind, EdgeKind::Kvm | EdgeKind::Account);
    all.sort_by(|a, b| {
        (b.edge.hosts.len().cmp(&a.edge.hosts.len()))
            .then(grave(a.edge.kind).cmp(&grave(b.edge.kind)))
            .then(b.sum.total_cmp(&a.sum))
            .then(a.edge.kind.cmp(&b.edge.kind))
            .then_with(|| a.edge.value.cmp(&b.edge.value))
    });
    let mut chosen: Vec<usize> = (0..all.len()).collect();
    // Leave out whatever can be left out, the least first.
    for place in (0..all.len()).rev() {
        let without: Vec<usize> = chosen.iter().copied().filter(|one| *one != place).collect();
        let rest: Vec<&Candidate> = without.iter().filter_map(|one| all.get(*one)).collect();
        if explains(&rest, members) {
            chosen = without;
        }
    }
    for (place, one) in all.iter_mut().enumerate() {
        one.edge.explains = chosen.contains(&place);
    }
    all.sort_by_key(|one| !one.edge.explains);
    all.truncate(MAX_EDGES.max(chosen.len()));
    all.into_iter().map(|one| one.edge).collect()
}
