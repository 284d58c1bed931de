//! What explains a shared value, so that it weighs nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    MAX_PLUGGED_WORKERS, TOO_COMMON,
    input::{EdgeKind, FarmInput, Holding, Shared},
};

/// Why a value or a pair weighs nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum Guard {
    TooCommon,
    Approved(String),
    Site,
    SharedEgress(String),
    ConstantSerial,
    Household,
    FleetsOwn,
}

impl Guard {
    /// For a person.
    pub fn words(&self) -> String {
        match self {
            Self::TooCommon => format!("more than {TOO_COMMON} hosts share it: too common to say anything"),
            Self::Approved(why) => why.clone(),
            Self::Site => "seen only at sites of the organisation".to_owned(),
            Self::SharedEgress(class) => {
                format!("an address of class {class} is shared by strangers, and the gateway differs")
            }
            Self::ConstantSerial => "several devices carry this serial: it is a constant".to_owned(),
            Self::Household => "a declared shared place, within its declared size".to_owned(),
            Self::FleetsOwn => "most of the fleet has it: the organisation's own".to_owned(),
        }
    }
}

/// Egress classes whose addresses strangers share.
const SHARED_EGRESS: [&str; 7] = ["corporate", "relay", "vpn", "tor", "mobile", "satellite", "hosting"];
/// Words after the class: the kind of the organisation's site.
const SITES: [&str; 3] = ["office", "coworking", "egress"];

/// Why a value weighs nothing for anybody.
pub(super) fn of_value(input: &FarmInput, shared: &Shared) -> Option<Guard> {
    if let Some(why) = &shared.waived {
        return Some(Guard::Approved(why.clone()));
    }
    if shared.sharing > TOO_COMMON {
        return Some(Guard::TooCommon);
    }
    let workers: BTreeSet<&str> = shared
        .holders
        .iter()
        .filter_map(|one| input.hosts.get(one.host))
        .map(|h| h.worker.as_str())
        .collect();
    let is_plugged = matches!(shared.kind, EdgeKind::UsbSerial | EdgeKind::DisplaySerial);
    if is_plugged && workers.len() > MAX_PLUGGED_WORKERS {
        return Some(Guard::ConstantSerial);
    }
    if shared.kind == EdgeKind::Account && shared.sharing as u64 * 2 > input.hosts_in_tenant {
        return Some(Guard::FleetsOwn);
    }
    None
}

/// Where an address belongs to a site, or is shared by strangers.
fn of_address(shared: &Shared, same_gateway: bool) -> Option<Guard> {
    let mut words = shared.detail.split_whitespace();
    let class = words.next().unwrap_or_default();
    if words.any(|word| SITES.contains(&word)) {
        return Some(Guard::Site);
    }
    (SHARED_EGRESS.contains(&class) && !same_gateway).then(|| Guard::SharedEgress(class.to_owned()))
}

/// What else two hosts share, for the guards.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside {
    pub(super) same_gateway: bool,
    pub(super) same_address: bool,
    pub(super) at_approved_line: bool,
}

/// Why a value weighs nothing between two of its holders.
pub(super) fn of_pair(
    input: &FarmInput,
    shared: &Shared,
    a: &Holding,
    b: &Holding,
    beside: Beside,
) -> Option<Guard> {
    let pair = (a.host.min(b.host), a.host.max(b.host));
    if shared.waived_pairs.contains(&pair) {
        return Some(Guard::Approved("approved between these two".to_owned()));
    }
    // A lab or a meeting room: whoever meets it only at a site of the organisation.
    let of_a_place = shared.kind.is_of_a_building() || shared.kind == EdgeKind::Kvm;
    if of_a_place && !(a.off_site && b.off_site) {
        return Some(Guard::Site);
    }
    if of_a_place && beside.at_approved_line {
        return Some(Guard::Approved("the line that both are behind was approved".to_owned()));
    }
    if shared.kind == EdgeKind::Address
        && let Some(guard) = of_address(shared, beside.same_gateway)
    {
        return Some(guard);
    }
    let is_plugged = matches!(shared.kind, EdgeKind::UsbSerial | EdgeKind::DisplaySerial);
    if is_plugged && a.present && b.present && !beside.same_address && !beside.same_gateway {
        return Some(Guard::ConstantSerial);
    }
    (shared.kind.is_of_a_building() && are_of_one_household(input, a.host, b.host))
        .then_some(Guard::Household)
}

/// Whether two workers declared one shared place that has room for all who are here of it.
pub(super) fn are_of_one_household(input: &FarmInput, a: usize, b: usize) -> bool {
    let (Some(a), Some(b)) = (input.hosts.get(a), input.hosts.get(b)) else { return false };
    let Some(place) = a.shared_place.as_ref().filter(|place| b.shared_place.as_ref() == Some(place)) else {
        return false;
    };
    let here: BTreeSet<&str> = input
        .hosts
        .iter()
        .filter(|host| host.shared_place.as_ref() == Some(place))
        .map(|host| host.worker.as_str())
        .collect();
    here.len() <= a.shared_size.max(b.shared_size) as usize
}
