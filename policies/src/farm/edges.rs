//! Pairs of hosts and what ties them: each kind once, with its best weight.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::Timestamp;

use super::{
    MAX_WEIGHT,
    guard::{self, Beside},
    input::{EdgeKind, FarmInput, Holding, Shared},
    rhythm,
};

/// A value that was last seen is taken to be there this much longer, in seconds: reports are daily.
const LINGER_SECONDS: i64 = 86_400;

/// One kind of tie between two hosts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tie {
    /// Its weight.
    pub(super) weight: f64,
    /// Which of the values; none for neighbours and starts.
    pub(super) value: Option<usize>,
}

/// What ties pairs (the lesser first).
#[derive(Debug, Default)]
pub(super) struct Edges {
    pub(super) pairs: BTreeMap<(usize, usize), BTreeMap<EdgeKind, Tie>>,
    /// Every pair that a value ties with a weight, by value.
    pub(super) by_value: BTreeMap<usize, BTreeSet<(usize, usize)>>,
    /// Pairs tied by neighbourhood, and by starts.
    pub(super) by_kind: BTreeMap<EdgeKind, BTreeSet<(usize, usize)>>,
}

/// log2 of how rare a value is, at most [`MAX_WEIGHT`].
pub(super) fn rarity(hosts_in_tenant: u64, sharing: usize) -> f64 {
    if sharing == 0 {
        return 0.0;
    }
    let all = hosts_in_tenant.max(sharing as u64) as f64;
    (all / sharing as f64).log2().clamp(0.0, MAX_WEIGHT)
}

/// How much two stays overlap: of the shorter one, 0 to 1.
pub(super) fn overlap(a: &Holding, b: &Holding) -> f64 {
    let end = |at: Timestamp| at.as_second().saturating_add(LINGER_SECONDS);
    let (from_a, from_b) = (a.first_seen.as_second(), b.first_seen.as_second());
    let shared = end(a.last_seen).min(end(b.last_seen)) - from_a.max(from_b);
    let shorter = (end(a.last_seen) - from_a).min(end(b.last_seen) - from_b).max(1);
    (shared.max(0) as f64 / shorter as f64).clamp(0.0, 1.0)
}

fn different_workers(input: &FarmInput, a: usize, b: usize) -> bool {
    match (input.hosts.get(a), input.hosts.get(b)) {
        (Some(a), Some(b)) => a.worker != b.worker,
        _ => false,
    }
}

/// All pairs of a value's holders that belong to different workers.
fn pairs<'s>(input: &'s FarmInput, shared: &'s Shared) -> impl Iterator<Item = (&'s Holding, &'s Holding)> {
    shared.holders.iter().enumerate().flat_map(move |(place, a)| {
        let rest = shared.holders.get(place + 1..).unwrap_or_default();
        rest.iter().filter(move |b| different_workers(input, a.host, b.host)).map(move |b| (a, b))
    })
}

/// Pairs that share a value of `kind`, whatever it weighs.
fn sharing(input: &FarmInput, kind: EdgeKind) -> BTreeSet<(usize, usize)> {
    let of_kind =
        input.shared.iter().filter(|shared| shared.kind == kind && shared.sharing <= super::TOO_COMMON);
    of_kind.flat_map(|shared| pairs(input, shared).map(|(a, b)| ordered(a.host, b.host))).collect()
}

/// Pairs behind an address or a gateway that was approved: a site that nobody entered in policy.
fn approved_lines(input: &FarmInput) -> BTreeSet<(usize, usize)> {
    let lines = input.shared.iter().filter(|shared| {
        shared.waived.is_some() && matches!(shared.kind, EdgeKind::Address | EdgeKind::Gateway)
    });
    lines.flat_map(|shared| pairs(input, shared).map(|(a, b)| ordered(a.host, b.host))).collect()
}

const fn ordered(a: usize, b: usize) -> (usize, usize) {
    if a < b { (a, b) } else { (b, a) }
}

/// All ties of a component.
pub(super) fn edges(input: &FarmInput) -> Edges {
    let mut edges = Edges::default();
    let gateways = sharing(input, EdgeKind::Gateway);
    let addresses = sharing(input, EdgeKind::Address);
    let approved = approved_lines(input);
    for (place, shared) in input.shared.iter().enumerate() {
        if shared.holders.len() < 2 || guard::of_value(input, shared).is_some() {
            continue;
        }
        let rare = rarity(input.hosts_in_tenant, shared.sharing.max(shared.holders.len()));
        for (a, b) in pairs(input, shared) {
            let pair = ordered(a.host, b.host);
            let beside = Beside {
                same_gateway: gateways.contains(&pair),
                same_address: addresses.contains(&pair),
                at_approved_line: approved.contains(&pair),
            };
            if guard::of_pair(input, shared, a, b, beside).is_some() {
                continue;
            }
            let weight = rare * overlap(a, b);
            if weight > 0.0 {
                edges.add(pair, shared.kind, Tie { weight, value: Some(place) });
                edges.by_value.entry(place).or_default().insert(pair);
            }
        }
    }
    neighbours(input, &mut edges);
    rhythm::add(input, &mut edges);
    edges
}

/// Neighbourhood ties those who are tied by it at all: what explains the line explains it too.
fn neighbours(input: &FarmInput, edges: &mut Edges) {
    let free: BTreeSet<(usize, usize)> = input
        .mutual
        .iter()
        .map(|(a, b)| ordered(*a, *b))
        .filter(|(a, b)| different_workers(input, *a, *b) && !guard::are_of_one_household(input, *a, *b))
        .filter(|pair| !at_a_site(input, *pair))
        .collect();
    for members in components(&free) {
        let weight = rarity(input.hosts_in_tenant, members.len());
        for pair in free.iter().filter(|(a, b)| members.contains(a) && members.contains(b)) {
            if weight > 0.0 {
                edges.add(*pair, EdgeKind::Neighbour, Tie { weight, value: None });
                edges.by_kind.entry(EdgeKind::Neighbour).or_default().insert(*pair);
            }
        }
    }
}

/// Whether the line that two neighbours share is a site's, or was approved.
fn at_a_site(input: &FarmInput, pair: (usize, usize)) -> bool {
    let of_the_line =
        input.shared.iter().filter(|shared| matches!(shared.kind, EdgeKind::Address | EdgeKind::Gateway));
    let mut both = of_the_line.filter_map(|shared| {
        let find = |host| shared.holders.iter().find(|one| one.host == host);
        Some((shared, find(pair.0)?, find(pair.1)?))
    });
    both.any(|(shared, a, b)| {
        let beside = Beside { same_gateway: true, same_address: true, at_approved_line: false };
        shared.waived.is_some() || guard::of_pair(input, shared, a, b, beside).is_some()
    })
}

/// The connected components of pairs.
pub(super) fn components(pairs: &BTreeSet<(usize, usize)>) -> Vec<BTreeSet<usize>> {
    let mut of: BTreeMap<usize, usize> = BTreeMap::new();
    fn root(of: &mut BTreeMap<usize, usize>, mut one: usize) -> usize {
        while let Some(up) = of.get(&one).copied().filter(|up| *up != one) {
            if let Some(above) = of.get(&up).copied() {
                of.insert(one, above);
            }
            one = up;
        }
        of.entry(one).or_insert(one);
        one
    }
    for (a, b) in pairs {
        let (a, b) = (root(&mut of, *a), root(&mut of, *b));
        of.insert(a.max(b), a.min(b));
    }
    let all: Vec<usize> = of.keys().copied().collect();
    let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for one in all {
        let root = root(&mut of, one);
        found.entry(root).or_default().insert(one);
    }
    found.into_values().collect()
}

impl Edges {
    /// Adds a tie; of one kind the heaviest stays.
    pub(super) fn add(&mut self, pair: (usize, usize), kind: EdgeKind, tie: Tie) {
        let known = self.pairs.entry(pair).or_default().entry(kind).or_insert(tie);
        if tie.weight > known.weight {
            *known = tie;
        }
    }
}
