//! LF-08: machines of several people that start in the same minutes for weeks hang on one switch.
//!
//! Always: only starts are compared, never hours of use; it says nothing by itself, and is asked only of hosts that
//! something else ties already.

use bearing_protocol::Timestamp;

use super::{
    edges::{Edges, Tie, rarity},
    input::{EdgeKind, FarmInput},
};

/// Over how many days the common starts must spread.
const MIN_DAYS: i64 = 15;
/// On how many different days.
const MIN_COMMON: usize = 6;
/// Which part of the starts of the host with fewer of them, in hundredths.
const MIN_SHARE: usize = 60;
/// How far apart two starts of one minute may be seen, in seconds.
const SAME_MINUTE_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 86_400;

/// Days on which both started in the same minute.
fn common_days(a: &[Timestamp], b: &[Timestamp]) -> Vec<i64> {
    let (mut days, mut from) = (Vec::new(), 0);
    for start in a {
        let at = start.as_second();
        while b.get(from).is_some_and(|other| other.as_second() < at - SAME_MINUTE_SECONDS) {
            from += 1;
        }
        if b.get(from).is_some_and(|other| other.as_second() <= at + SAME_MINUTE_SECONDS) {
            days.push(at / DAY_SECONDS);
        }
    }
    days.dedup();
    days
}

/// Whether two hosts start together.
pub(super) fn start_together(a: &[Timestamp], b: &[Timestamp]) -> bool {
    let days = common_days(a, b);
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return false };
    days.len() >= MIN_COMMON
        && last - first >= MIN_DAYS
        && days.len() * 100 >= a.len().min(b.len()) * MIN_SHARE
}

/// Adds what starts say about pairs that are tied already.
pub(super) fn add(input: &FarmInput, edges: &mut Edges) {
    let tied: Vec<(usize, usize)> = edges.pairs.keys().copied().collect();
    let starts = |host: usize| input.hosts.get(host).map_or(&[][..], |host| &host.starts);
    let together: std::collections::BTreeSet<(usize, usize)> =
        tied.into_iter().filter(|(a, b)| start_together(starts(*a), starts(*b))).collect();
    for members in super::edges::components(&together) {
        let weight = rarity(input.hosts_in_tenant, members.len());
        for pair in together.iter().filter(|(a, _)| members.contains(a)) {
            if weight > 0.0 {
                edges.add(*pair, EdgeKind::Power, Tie { weight, value: None });
                edges.by_kind.entry(EdgeKind::Power).or_default().insert(*pair);
            }
        }
    }
}
