//! A fleet whose truth is known is sent through the real protocol, and the groups are held against it.

#![allow(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod support;

use std::{collections::BTreeMap, net::IpAddr};

use bearing_policies::Policy;
use bearing_protocol::{
    api::DEVICE_HEADER,
    commitment::Disclosure,
    coverage::Source,
    envelope::Envelope,
    key::FileKey,
    payload::{
        CommittedItem, DisplayItem, HardwareItem, InventoryValue, PlaceItem, PolicyPayload, ReportReason,
        UsbItem,
    },
    severity::Severity,
};
use bearing_server::{
    act::{self, TieRequest},
    auth::Actor,
    geo::Geo,
};
use bearing_store::{FindingRow, FindingStatus, GroupRow, PolicyRow};
use jiff::SignedDuration;
use support::*;

const SITES: &str = r#"
name = "site"
version = 1

[[site]]
name = "Head office"
kind = "office"
networks = ["91.65.10.0/24"]
countries = ["DE"]

[[site]]
name = "Betahaus"
kind = "coworking"
networks = ["91.66.20.0/24"]
countries = ["DE"]
"#;

/// A made-up device: whom it stands for, where it speaks from, what it carries.
#[derive(Clone)]
struct Host {
    story: &'static str,
    address: String,
    place: PlaceItem,
    items: Vec<InventoryValue>,
}

fn mac(n: u32) -> String {
    format!("{n:016x}")
}

fn host(story: &'static str, n: u32, address: &str, gateway: Option<u32>) -> Host {
    let place = PlaceItem {
        time_zone: Some("Europe/Berlin".to_owned()),
        gateway: gateway.map(|gateway| mac(0xaa00_0000 + gateway)),
        interfaces: vec![mac(n)],
        ..PlaceItem::default()
    };
    Host { story, address: address.to_owned(), place, items: Vec::new() }
}

fn dock(n: u32) -> InventoryValue {
    InventoryValue::Usb(UsbItem {
        path: "1-1".to_owned(),
        id: "17ef:30b4".to_owned(),
        serial: Some(mac(0xd0c0_0000 + n)),
        ..UsbItem::default()
    })
}

fn monitor(n: u32) -> InventoryValue {
    InventoryValue::Display(DisplayItem {
        connector: "card0-DP-1".to_owned(),
        connected: Some(true),
        id: Some("DEL a0ec".to_owned()),
        serial: Some(mac(0xd150_0000 + n)),
        ..DisplayItem::default()
    })
}

/// The fleet: 12 of 12 people in one flat with an IP-KVM, and everybody else, who is innocent.
fn fleet() -> Vec<Host> {
    let mut hosts = Vec::new();
    let mut n = 0;
    let mut next = || {
        n += 1;
        n
    };
    let flat: Vec<u32> = (0..12).map(|_| next()).collect();
    for own in &flat {
        let mut one = host("farm", *own, "79.200.10.7", Some(1));
        one.place.neighbours = flat.iter().filter(|other| *other != own).map(|other| mac(*other)).collect();
        one.place.kvm_neighbours = vec![mac(0xbeef_0000 + (own - 1) / 4)];
        hosts.push(one);
    }
    let couple = [next(), next()];
    for (own, other) in [(0, 1), (1, 0)] {
        let mut one = host("couple", couple[own], "79.201.11.8", Some(2));
        one.place.neighbours = vec![mac(couple[other])];
        one.items = vec![monitor(900)];
        hosts.push(one);
    }
    // Hot desks: docks and monitors go round.
    for seat in 0..20 {
        let mut one = host("office", next(), "91.65.10.4", Some(3));
        one.items = vec![dock(seat % 4), monitor(seat % 5)];
        hosts.push(one);
    }
    for _ in 0..6 {
        hosts.push(host("coworking", next(), "91.66.20.9", Some(4)));
    }
    // One carrier's address; everybody has a telephone of their own.
    for phone in 0..40 {
        hosts.push(host("mobile", next(), "172.58.30.1", Some(100 + phone)));
    }
    for home in 0..8 {
        hosts.push(host("vpn", next(), "193.138.218.20", Some(200 + home)));
    }
    for home in 0..12_u32 {
        hosts.push(host("home", next(), &format!("79.202.{home}.3"), Some(300 + home)));
    }
    // Travellers who met in one hotel on different days; see `days` below.
    for _ in 0..2 {
        hosts.push(host("traveller", next(), "79.203.1.1", Some(5)));
    }
    // A keyboard whose maker gives every unit one serial.
    for (place, one) in hosts.iter_mut().filter(|one| one.story == "home").enumerate() {
        let serial = if place % 2 == 0 { "0123456789ABCDEF" } else { "CAFEBABE" };
        one.items.push(InventoryValue::Usb(UsbItem {
            id: "1a2c:2124".to_owned(),
            serial: Some(serial.to_owned()),
            ..UsbItem::default()
        }));
    }
    hosts
}

/// A server with the sites published.
async fn site() -> Site {
    let site = Site::start_with(|config| {
        config.demo = true;
        config.simulation_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    publish(&site, SITES).await;
    site
}

async fn publish(site: &Site, text: &str) {
    let policy = Policy::from_toml(text).unwrap();
    let payload = PolicyPayload {
        name: policy.name().to_owned(),
        version: policy.version(),
        issued_at: now(),
        expires_at: now() + SignedDuration::from_hours(24 * 30),
        widens_collection: false,
        policy: policy.to_json(),
    };
    // What matters here is what it says; that a signature is asked for is another test.
    let envelope = Envelope::seal(&payload, &[&FileKey::from_seed(&[1; 32].into())]).unwrap();
    let row = PolicyRow {
        name: payload.name,
        version: payload.version,
        digest: policy.summary().digest,
        envelope,
        groups: Vec::new(),
        published_by: "test".to_owned(),
        published_at: now(),
    };
    site.app.store.publish_policy(&row).await.unwrap();
}

async fn enrolled(site: &Site, n: u8) -> Agent {
    let agent = Agent::new(n, &site.app.server);
    let token = site.token(|request| request.simulated = true).await;
    let door = site.simulation_address.unwrap();
    let answer = site.post_to(door, "/agent/v1/enroll", &[], &agent.enrolment(&token)).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    agent
}

/// Sends a report of a host.
async fn report(site: &Site, agent: &mut Agent, host: &Host) {
    report_of_boot(site, agent, host, "5f0f", ReportReason::Schedule).await;
}

async fn report_of_boot(site: &Site, agent: &mut Agent, host: &Host, boot: &str, reason: ReportReason) {
    let (mut payload, mut disclosures) = agent.report_payload();
    payload.findings.clear();
    payload.outcomes.clear();
    payload.boot_id = Some(boot.to_owned());
    payload.reason = reason;
    payload.sent_at = bearing_protocol::clock::Clock::now(&*site.clock);
    payload.inventory.clear();
    let items = std::iter::once(InventoryValue::Place(host.place.clone())).chain(host.items.clone());
    for (n, item) in items.enumerate() {
        let (item, disclosure) = Disclosure::commit(&[100 + u8::try_from(n).unwrap(); 16], &item).unwrap();
        payload.inventory.push(CommittedItem { source: Source::TimeZone, item });
        disclosures.push(disclosure);
    }
    let envelope = agent.seal(&payload);
    agent.advance(&envelope);
    let headers = [(DEVICE_HEADER, agent.id.as_str()), ("Bearing-Simulated-Address", host.address.as_str())];
    let door = site.simulation_address.unwrap();
    let answer =
        site.post_to(door, "/agent/v1/reports", &headers, &report_body(&envelope, disclosures)).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

async fn settled(site: &Site) {
    wait_until("all jobs are done", || async { site.app.store.job_backlog().await.unwrap().0 == 0 }).await;
}

async fn shared_findings(site: &Site, agent: &Agent) -> Vec<FindingRow> {
    let all = site.app.store.device_findings(&agent.id).await.unwrap();
    all.into_iter().filter(|row| row.finding.rule.as_str().starts_with("LF-")).collect()
}

async fn groups(site: &Site) -> Vec<GroupRow> {
    site.app.store.groups_of_devices(false, 100).await.unwrap()
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_farm_is_found_and_nobody_else_is_accused() {
    let class = |address: &str| Geo::default().look_up(address.parse::<IpAddr>().unwrap()).class.as_str();
    assert_eq!(class("172.58.30.1"), "mobile");
    assert!(matches!(class("193.138.218.20"), "vpn" | "hosting"), "a consumer VPN's exit");
    let site = site().await;
    let mut agents: Vec<(Agent, Host)> = Vec::new();
    for (n, host) in fleet().into_iter().enumerate() {
        agents.push((enrolled(&site, u8::try_from(n).unwrap()).await, host));
    }
    for (place, (agent, host)) in agents.iter_mut().enumerate() {
        if host.story == "traveller" && place % 2 == 0 {
            continue; // comes to the hotel when the other one has left
        }
        report(&site, agent, host).await;
    }
    settled(&site).await;
    site.clock.advance(days(3));
    for (place, (agent, host)) in agents.iter_mut().enumerate() {
        let mut host = host.clone();
        if host.story == "traveller" && place % 2 == 1 {
            host.address = "79.204.1.1".to_owned();
            host.place.gateway = Some(mac(6));
        }
        report(&site, agent, &host).await;
    }
    settled(&site).await;

    let found = groups(&site).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    let group = &found[0];
    let mut truth: Vec<_> =
        agents.iter().filter(|(_, host)| host.story == "farm").map(|(agent, _)| agent.id.clone()).collect();
    truth.sort();
    assert_eq!((&group.members, group.workers, group.verdict.as_str()), (&truth, 12, "escalate"));
    let edges = group.body["edges"].as_array().unwrap();
    let explaining: Vec<_> = edges.iter().filter(|edge| edge["explains"] == true).collect();
    assert_eq!(explaining.len(), 2, "{explaining:#?}");
    assert!(edges.iter().any(|edge| edge["kind"] == "kvm"));

    let mut seen: BTreeMap<&str, Vec<(String, Severity)>> = BTreeMap::new();
    for (agent, host) in &agents {
        for row in shared_findings(&site, agent).await {
            assert!(
                agents.iter().all(|(other, _)| !serde_json::to_string(&row.finding)
                    .unwrap()
                    .contains(other.id.as_str()))
            );
            seen.entry(host.story).or_default().push((row.finding.rule.to_string(), row.finding.severity));
        }
    }
    let of_farm = seen.remove("farm").unwrap();
    let count =
        |rule: &str, severity| of_farm.iter().filter(|one| **one == (rule.to_owned(), severity)).count();
    assert_eq!(count("LF-01", Severity::High), 12);
    assert_eq!(count("LF-02", Severity::High), 12);
    assert_eq!(count("LF-03", Severity::High), 12);
    assert_eq!(count("LF-04", Severity::Critical), 12);
    let of_couple = seen.remove("couple").unwrap();
    assert!(of_couple.iter().all(|(_, severity)| *severity == Severity::Low), "{of_couple:?}");
    assert!(seen.is_empty(), "somebody innocent was accused: {seen:?}");
}

/// Four people in one flat, told apart by their numbers.
async fn flat(site: &Site) -> Vec<(Agent, Host)> {
    let mut flat = Vec::new();
    for n in 1..=4_u8 {
        let host = host("farm", u32::from(n), "79.200.10.7", Some(1));
        let mut agent = enrolled(site, n).await;
        report(site, &mut agent, &host).await;
        flat.push((agent, host));
    }
    // A fleet around them, so that what four share is rare.
    for n in 10..=40_u8 {
        let host = host("home", u32::from(n), &format!("79.202.{n}.3"), Some(300 + u32::from(n)));
        report(site, &mut enrolled(site, n).await, &host).await;
    }
    // Without news nobody looks again: one more report brings the fleet's size in.
    flat[0].1.place.kvm_neighbours = vec![mac(0xbeef)];
    flat[1].1.place.kvm_neighbours = vec![mac(0xbeef)];
    for (agent, host) in flat.iter_mut().take(2) {
        report(site, agent, host).await;
    }
    settled(site).await;
    flat
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approved_gateway_ends_the_group_until_it_is_withdrawn() {
    let site = site().await;
    let flat = flat(&site).await;
    let group = groups(&site).await.remove(0);
    assert_eq!(group.members.len(), 4);
    let edges = group.body["edges"].as_array().unwrap();
    let gateway = edges.iter().find(|edge| edge["kind"] == "gateway").unwrap();
    let request = TieRequest {
        kind: "gateway".to_owned(),
        value: gateway["value"].as_str().unwrap().to_owned(),
        between: None,
        owner: "it-lead".to_owned(),
        reason: "the branch in Kiel".to_owned(),
        expires_at: now() + days(30),
    };
    let refused = TieRequest { reason: " ".to_owned(), ..request.clone() };
    assert!(act::approve_tie(&site.app, &Actor::command_line(), refused).await.is_err());
    let forever = TieRequest { expires_at: now() + days(3_000), ..request.clone() };
    assert!(act::approve_tie(&site.app, &Actor::command_line(), forever).await.is_err());
    let given = act::approve_tie(&site.app, &Actor::command_line(), request).await.unwrap();
    settled(&site).await;
    assert!(groups(&site).await.is_empty());
    let ended = site.app.store.device_group(&group.id).await.unwrap().unwrap();
    assert!(ended.ended_at.is_some(), "kept, with its end");
    for (agent, _) in &flat {
        assert!(shared_findings(&site, agent).await.iter().all(|row| row.status == FindingStatus::Resolved));
    }
    act::withdraw_tie(&site.app, &Actor::command_line(), &given.id).await.unwrap();
    settled(&site).await;
    let again = groups(&site).await;
    assert_eq!((again.len(), again[0].members.len()), (1, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moves_out_is_forgotten_by_the_group_when_the_window_ends() {
    let site = site().await;
    let mut flat = flat(&site).await;
    let (agent, host) = &mut flat[3];
    host.address = "79.210.1.1".to_owned();
    host.place.gateway = Some(mac(0xaa00_0900));
    site.clock.advance(days(1));
    report(&site, agent, host).await;
    site.clock.advance(days(32));
    let later = bearing_protocol::clock::Clock::now(&*site.clock);
    for (agent, host) in &mut flat {
        report(&site, agent, host).await;
    }
    settled(&site).await;
    site.app.store.enqueue_due_looks(later, 100).await.unwrap();
    settled(&site).await;
    assert!(shared_findings(&site, &flat[3].0).await.is_empty());
    let stays = shared_findings(&site, &flat[2].0).await;
    assert!(stays.iter().any(|row| row.finding.title.starts_with("3 different workers")), "{stays:?}");
}

fn hardware(board: u32, disk: u32) -> InventoryValue {
    InventoryValue::Hardware(HardwareItem {
        system: Some(mac(0x5000 + board)),
        board: Some(mac(0x6000 + board)),
        disks: vec![mac(0x7000 + disk)],
        interfaces: vec![mac(0x8000 + board)],
        panel: Some(mac(0x9000 + board)),
    })
}

async fn rules(site: &Site, agent: &Agent) -> Vec<String> {
    let rows = site.app.store.device_findings(&agent.id).await.unwrap();
    rows.iter()
        .map(|row| row.finding.rule.to_string())
        .filter(|rule| matches!(rule.as_str(), "OT-02" | "AT-03"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repairs_set_ups_copies_and_swaps_are_told_apart() {
    let site = site().await;
    let machine = |n: u32, board, disk| Host {
        items: vec![hardware(board, disk)],
        ..host("home", n, &format!("79.202.{n}.3"), Some(n))
    };
    // A new disk is a repair; a disk in another machine is not.
    let mut repaired = enrolled(&site, 1).await;
    for disk in [1, 9] {
        report(&site, &mut repaired, &machine(1, 1, disk)).await;
        settled(&site).await;
    }
    assert!(rules(&site, &repaired).await.is_empty());
    report(&site, &mut repaired, &machine(1, 2, 9)).await;
    settled(&site).await;
    assert_eq!(rules(&site, &repaired).await, ["OT-02"]);
    report(&site, &mut repaired, &machine(1, 1, 9)).await;
    settled(&site).await;
    assert!(
        rules(&site, &repaired).await.contains(&"AT-03".to_owned()),
        "it came back: two machines take turns"
    );

    // Set up again: the old key is silent.
    let mut old = enrolled(&site, 10).await;
    report(&site, &mut old, &machine(10, 10, 10)).await;
    settled(&site).await;
    site.clock.advance(days(0) + SignedDuration::from_hours(2));
    let mut new = enrolled(&site, 11).await;
    report(&site, &mut new, &machine(10, 10, 10)).await;
    settled(&site).await;
    assert!(rules(&site, &new).await.is_empty() && rules(&site, &old).await.is_empty());
    let lineage = site.app.store.lineage(&new.id).await.unwrap();
    assert_eq!((lineage.len(), lineage[0].how.as_str(), &lineage[0].earlier), (1, "reimaged", &old.id));
    // The old key speaks again: a copy.
    site.clock.advance(SignedDuration::from_hours(2));
    report(&site, &mut old, &machine(10, 10, 10)).await;
    report(&site, &mut new, &machine(10, 10, 10)).await;
    settled(&site).await;
    assert_eq!(
        (rules(&site, &new).await, rules(&site, &old).await),
        (vec!["AT-03".to_owned()], vec!["AT-03".to_owned()])
    );
}
