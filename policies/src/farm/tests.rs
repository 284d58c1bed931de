use bearing_protocol::{Timestamp, severity::Severity};

use super::*;

const START: i64 = 1_790_000_000;

fn at(days: f64) -> Timestamp {
    Timestamp::from_second(START + (days * 86_400.0) as i64).unwrap()
}

fn host(n: usize) -> FarmHost {
    FarmHost {
        id: format!("dev_{n}"),
        worker: format!("per_{n}"),
        shared_place: None,
        shared_size: 0,
        is_static: true,
        starts: Vec::new(),
    }
}

fn holding(host: usize) -> Holding {
    Holding { host, first_seen: at(0.0), last_seen: at(5.0), off_site: true, present: true }
}

fn shared(kind: EdgeKind, detail: &str, hosts: &[usize]) -> Shared {
    Shared {
        kind,
        value: format!("{}-{hosts:?}", kind.as_str()),
        detail: detail.to_owned(),
        sharing: hosts.len(),
        holders: hosts.iter().copied().map(holding).collect(),
        waived: None,
        waived_pairs: Vec::new(),
    }
}

fn input(hosts: usize, shared: Vec<Shared>) -> FarmInput {
    FarmInput { hosts_in_tenant: 120, hosts: (0..hosts).map(host).collect(), shared, mutual: Vec::new() }
}

fn line(hosts: &[usize]) -> Vec<Shared> {
    vec![shared(EdgeKind::Address, "residential", hosts), shared(EdgeKind::Gateway, "", hosts)]
}

fn worst(result: &FarmResult) -> Option<Severity> {
    result.findings.iter().map(|finding| finding.severity).max()
}

#[test]
fn a_flat_of_twelve_is_a_group_and_its_arithmetic_adds_up() {
    let all: Vec<usize> = (0..12).collect();
    let mut ties = line(&all);
    ties.push(shared(EdgeKind::Kvm, "", &[0, 1, 2, 3]));
    let result = evaluate_farm(&input(12, ties));
    assert_eq!(result.groups.len(), 1);
    let group = &result.groups[0];
    assert_eq!((group.workers, group.verdict), (12, GroupVerdict::Escalate));
    // 66 pairs of an address and of a gateway at log2(120/12) × the whole overlap, 6 of a KVM at log2(120/4).
    let expected = 2.0 * 66.0 * 10_f64.log2() + 6.0 * 30_f64.log2();
    assert!((group.weight - expected).abs() < 1e-6, "{} {expected}", group.weight);
    assert!(group.arithmetic.iter().any(|line| line.contains("LF-04")));
    assert_eq!(worst(&result), Some(Severity::Critical));
}

#[test]
fn what_explains_a_group_cannot_lose_a_part() {
    let all: Vec<usize> = (0..6).collect();
    let mut values = line(&all);
    values.push(shared(EdgeKind::Kvm, "", &[0, 1]));
    values.push(shared(EdgeKind::DisplaySerial, "DEL a0ec", &[2, 3]));
    let result = evaluate_farm(&input(6, values.clone()));
    let explaining: Vec<&GroupEdge> = result.groups[0].edges.iter().filter(|edge| edge.explains).collect();
    assert!(!explaining.is_empty());
    let of = |without: Option<&str>| {
        let kept = values.iter().filter(|value| {
            explaining.iter().any(|edge| edge.value == value.value) && Some(value.value.as_str()) != without
        });
        evaluate_farm(&input(6, kept.cloned().collect())).groups
    };
    assert_eq!(of(None)[0].hosts, all, "they explain it");
    for edge in &explaining {
        let rest = of(Some(&edge.value));
        assert!(rest.is_empty() || rest[0].hosts != all, "{edge:?} can be left out");
    }
}

#[test]
fn two_in_one_household_are_no_group_whatever_stands_there() {
    let mut shared_things = line(&[0, 1]);
    shared_things.push(shared(EdgeKind::DisplaySerial, "DEL a0ec", &[0, 1]));
    shared_things.push(shared(EdgeKind::UsbSerial, "17ef:30b4", &[0, 1]));
    let mut undeclared = input(2, shared_things);
    undeclared.mutual = vec![(0, 1)];
    let result = evaluate_farm(&undeclared);
    assert!(result.groups.is_empty());
    assert_eq!(worst(&result), Some(Severity::Low));
    let mut declared = undeclared.clone();
    for host in &mut declared.hosts {
        host.shared_place = Some("shp_1".to_owned());
        host.shared_size = 2;
    }
    assert!(evaluate_farm(&declared).findings.is_empty());
    // A third that declares the same place does not fit into two.
    let mut crowded = declared.clone();
    crowded.hosts.push(FarmHost { shared_place: Some("shp_1".to_owned()), shared_size: 2, ..host(2) });
    crowded.shared = line(&[0, 1, 2]);
    assert_eq!(worst(&evaluate_farm(&crowded)), Some(Severity::High));
}

#[test]
fn strangers_addresses_weigh_nothing_unless_the_gateway_is_one() {
    let all: Vec<usize> = (0..40).collect();
    for class in ["mobile", "vpn", "relay", "hosting", "corporate"] {
        let result = evaluate_farm(&input(40, vec![shared(EdgeKind::Address, class, &all)]));
        assert!(result.groups.is_empty() && result.findings.is_empty(), "{class}");
    }
    let behind_one_router =
        vec![shared(EdgeKind::Address, "mobile", &all), shared(EdgeKind::Gateway, "", &all[..5])];
    let result = evaluate_farm(&input(40, behind_one_router));
    assert_eq!(result.groups[0].hosts, all[..5]);
}

#[test]
fn sites_approvals_and_defaults_weigh_nothing() {
    let all: Vec<usize> = (0..12).collect();
    let mut at_a_site = line(&all);
    for value in &mut at_a_site {
        value.holders.iter_mut().for_each(|holding| holding.off_site = false);
    }
    assert!(evaluate_farm(&input(12, at_a_site)).findings.is_empty());
    let mut approved = line(&all);
    approved.push(shared(EdgeKind::Kvm, "", &all));
    approved[1].waived = Some("approved: branch (it)".to_owned());
    let result = evaluate_farm(&input(12, approved));
    assert!(result.findings.is_empty(), "an approved gateway stands for the place: {:?}", result.findings);
    let mut pair = line(&[0, 1]);
    pair[0].waived_pairs = vec![(0, 1)];
    let kinds: Vec<EdgeKind> =
        evaluate_farm(&input(2, pair)).findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [EdgeKind::Gateway; 2]);
    let mut common = shared(EdgeKind::Kvm, "", &all);
    common.sharing = TOO_COMMON + 1;
    assert!(evaluate_farm(&input(12, vec![common])).findings.is_empty());
    assert!(serials::is_default("cafebabe") && serials::is_default("0123456789abcdef"));
    assert!(serials::is_default("00000000") && !serials::is_default("5CG2140QJK"));
}

#[test]
fn one_serial_in_two_places_at_once_is_two_units() {
    let apart = shared(EdgeKind::UsbSerial, "17ef:30b4", &[0, 1]);
    assert!(evaluate_farm(&input(2, vec![apart.clone()])).findings.is_empty());
    let mut handed_on = apart;
    handed_on.holders[0].present = false;
    assert_eq!(worst(&evaluate_farm(&input(2, vec![handed_on]))), Some(Severity::Medium));
    let many: Vec<usize> = (0..MAX_PLUGGED_WORKERS + 1).collect();
    let mut constant = shared(EdgeKind::UsbSerial, "17ef:30b4", &many);
    constant.holders.iter_mut().for_each(|holding| holding.present = false);
    assert!(evaluate_farm(&input(many.len(), vec![constant])).findings.is_empty());
}

#[test]
fn who_came_after_the_other_left_shares_nothing() {
    let mut hotel = line(&[0, 1]);
    for value in &mut hotel {
        value.holders[0].last_seen = at(0.1);
        value.holders[1].first_seen = at(3.0);
    }
    assert!(evaluate_farm(&input(2, hotel)).findings.is_empty());
}

#[test]
fn severities_follow_the_number_of_people_and_whether_they_stay() {
    let of = |workers: usize, is_static: bool| {
        let all: Vec<usize> = (0..workers).collect();
        let mut input = input(workers, vec![shared(EdgeKind::Address, "residential", &all)]);
        input.hosts.iter_mut().for_each(|host| host.is_static = is_static);
        worst(&evaluate_farm(&input))
    };
    assert_eq!(of(2, true), Some(Severity::Low));
    assert_eq!((of(3, false), of(9, false)), (Some(Severity::Medium), Some(Severity::Medium)));
    assert_eq!((of(3, true), of(12, true)), (Some(Severity::High), Some(Severity::High)));
    let mut one_person = input(3, vec![shared(EdgeKind::Address, "residential", &[0, 1, 2])]);
    one_person.hosts.iter_mut().for_each(|host| host.worker = "per_1".to_owned());
    assert!(evaluate_farm(&one_person).findings.is_empty(), "three machines of one person");
}

#[test]
fn starts_say_something_only_beside_something_else_and_over_weeks() {
    let mut together = input(2, vec![shared(EdgeKind::Account, "anydesk account", &[0, 1])]);
    let starts: Vec<Timestamp> = (0..20).map(|day| at(f64::from(day) + 0.3)).collect();
    together.hosts.iter_mut().for_each(|host| host.starts = starts.clone());
    let kinds = |input: &FarmInput| -> Vec<EdgeKind> {
        evaluate_farm(input).findings.iter().filter(|one| one.host == 0).map(|one| one.kind).collect()
    };
    assert_eq!(kinds(&together), [EdgeKind::Account, EdgeKind::Power]);
    assert_eq!(evaluate_farm(&together).groups.len(), 1, "an account and starts: two of them are enough");
    let mut alone = together.clone();
    alone.shared.clear();
    assert!(kinds(&alone).is_empty());
    let mut short = together.clone();
    short.hosts.iter_mut().for_each(|host| host.starts.truncate(10));
    assert_eq!(kinds(&short), [EdgeKind::Account], "ten days are not fifteen");
    let mut apart = together;
    apart.hosts[1].starts = (0..20).map(|day| at(f64::from(day) + 0.31)).collect();
    assert_eq!(kinds(&apart), [EdgeKind::Account]);
}
