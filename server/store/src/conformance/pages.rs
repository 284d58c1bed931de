//! Pages that stay whole while rows come, and counts.

use std::collections::BTreeSet;

use bearing_protocol::{rule::Family, severity::Severity};

use super::sample::{at, enrolled, finding, observed};
use crate::{DeviceFilter, DeviceState, FindingFilter, FindingStatus, PageRequest, Store, StoreError};

fn request(after: Option<String>) -> PageRequest {
    PageRequest { after, limit: 4 }
}

pub async fn device_pages_stay_whole_while_devices_come<S: Store>(store: &S) {
    let mut there = BTreeSet::new();
    for n in (0..20).step_by(2) {
        there.insert(enrolled(store, n).await.to_string());
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.devices(&DeviceFilter::default(), &request(after)).await.unwrap();
        assert!(page.items.len() <= 4);
        seen.extend(page.items.iter().map(|device| (device.hostname.clone(), device.id.to_string())));
        // One before and one after what was read so far.
        let n = u16::try_from(seen.len()).unwrap();
        enrolled(store, 100 + n).await;
        enrolled(store, n.saturating_mul(2) + 1).await;
        after = page.next;
        if after.is_none() || seen.len() > 60 {
            break;
        }
    }
    assert!(seen.is_sorted(), "by host name, then id");
    let ids: BTreeSet<_> = seen.iter().map(|(_, id)| id.clone()).collect();
    assert_eq!(ids.len(), seen.len(), "nothing twice");
    assert!(there.is_subset(&ids), "nothing that was there is missing");
}

pub async fn finding_pages_stay_whole_while_findings_come<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let other = enrolled(store, 2).await;
    let all: Vec<_> =
        (0..25).map(|n| finding("RA-01", &format!("tool-{n:02}"), Severity::ALL[n % 5])).collect();
    store.observe(&observed(&device, 1, all.clone(), &["RA-01"])).await.unwrap();
    // Some are resolved, so that a page over all states has to merge.
    store.observe(&observed(&device, 2, all[..18].to_vec(), &["RA-01"])).await.unwrap();
    let filter = FindingFilter { rule: Some("RA-01".parse().unwrap()), ..FindingFilter::default() };
    let mut seen = Vec::new();
    let mut after = None;
    let mut late = Vec::new();
    loop {
        let page = store.findings(&filter, &request(after)).await.unwrap();
        seen.extend(page.items.iter().map(|row| (row.finding.severity, row.finding.id.clone())));
        late.push(finding("RA-01", &format!("late-{}", seen.len()), Severity::Critical));
        store.observe(&observed(&other, 10, late.clone(), &["RA-01"])).await.unwrap();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| a.0 >= b.0), "gravest first");
    assert_eq!(seen.iter().map(|(_, id)| id).collect::<BTreeSet<_>>().len(), 25);

    let open_high = FindingFilter {
        device: Some(device.clone()),
        status: vec![FindingStatus::Open],
        at_least: Some(Severity::High),
        family: Some(Family::RemoteAccess),
        ..FindingFilter::default()
    };
    let page = store.findings(&open_high, &PageRequest::default()).await.unwrap();
    assert_eq!(page.items.len(), all[..18].iter().filter(|f| f.severity >= Severity::High).count());
    let counted = FindingFilter { status: vec![FindingStatus::Resolved], ..FindingFilter::default() };
    assert_eq!(store.findings(&counted, &PageRequest::default()).await.unwrap().total, Some(7));
}

pub async fn search_takes_wildcards_as_plain_characters<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let odd = finding("RA-01", "100%_sure\\", Severity::High);
    let plain = finding("RA-01", "100 percent sure", Severity::High);
    store.observe(&observed(&device, 1, vec![odd.clone(), plain], &["RA-01"])).await.unwrap();
    for (search, want) in [("%_s", 1), ("sure\\", 1), ("100", 2), ("SURE", 2), ("' OR 1=1 --", 0), ("%", 1)] {
        let filter = FindingFilter { search: Some(search.to_owned()), ..FindingFilter::default() };
        let page = store.findings(&filter, &PageRequest::default()).await.unwrap();
        assert_eq!(page.items.len(), want, "{search}");
    }
    for (search, want) in [("HOST-0", 1), ("%", 0), ("host_0", 0)] {
        let filter = DeviceFilter { search: Some(search.to_owned()), ..DeviceFilter::default() };
        assert_eq!(
            store.devices(&filter, &PageRequest::default()).await.unwrap().items.len(),
            want,
            "{search}"
        );
    }
}

pub async fn search_follows_what_a_finding_says_now<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let first = finding("RA-01", "shape", Severity::High);
    let renamed = bearing_protocol::finding::Finding {
        title: "Größer ΩMEGA".to_owned(),
        product: Some("anydesk".to_owned()),
        ..first.clone()
    };
    let found = async |text: &str| {
        let filter = FindingFilter { search: Some(text.to_owned()), ..FindingFilter::default() };
        store.findings(&filter, &PageRequest::default()).await.unwrap().items.len()
    };
    store.observe(&observed(&device, 1, vec![first], &["RA-01"])).await.unwrap();
    assert_eq!((found("RA-01 shape").await, found("anydesk").await, found("ra").await), (1, 0, 1));
    store.observe(&observed(&device, 2, vec![renamed], &["RA-01"])).await.unwrap();
    assert_eq!(found("RA-01 shape").await, 0, "the old title is found no more");
    assert_eq!((found("größer Ω").await, found("NYDES").await, found("sb:sha").await), (1, 1, 1));
    assert_eq!(found("RA-01 usb:").await, 0, "nothing is found across columns");
    for odd in ["\"\"\"", "AND", "title:x", "NEAR(a b)", "\0\0\0", "a\0bc", "* OR *"] {
        assert_eq!(found(odd).await, 0, "{odd:?} is plain text");
    }
}

pub async fn a_foreign_cursor_is_refused<S: Store>(store: &S) {
    for cursor in ["", "zz", "00", "5b5d", "'; DROP TABLE devices; --"] {
        let page = request(Some(cursor.to_owned()));
        let devices = store.devices(&DeviceFilter::default(), &page).await;
        assert!(matches!(devices, Err(StoreError::Conflict(_))), "{cursor}");
        let findings = store.findings(&FindingFilter::default(), &page).await;
        assert!(matches!(findings, Err(StoreError::Conflict(_))), "{cursor}");
    }
}

pub async fn the_overview_counts_what_is_there<S: Store>(store: &S) {
    let one = enrolled(store, 1).await;
    let two = enrolled(store, 2).await;
    let three = enrolled(store, 3).await;
    store.set_device_state(&two, DeviceState::Pending).await.unwrap();
    store.set_device_state(&three, DeviceState::Revoked).await.unwrap();
    let findings = vec![
        finding("KV-01", "pikvm", Severity::Critical),
        finding("RA-01", "anydesk", Severity::High),
        finding("RA-02", "both", Severity::High),
    ];
    let rules = ["KV-01", "RA-01", "RA-02"];
    store.observe(&observed(&one, 1, findings.clone(), &rules)).await.unwrap();
    store.observe(&observed(&one, 2, findings[..2].to_vec(), &rules)).await.unwrap();
    let counts = store.overview(at(3), at(1)).await.unwrap();
    assert_eq!((counts.devices, counts.pending, counts.simulated, counts.silent), (1, 1, 0, 1));
    assert_eq!(counts.by_severity.get(&Severity::High), Some(&1));
    assert_eq!(counts.by_severity.get(&Severity::Critical), Some(&1));
    assert_eq!(counts.by_family.get(&Family::RemoteAccess), Some(&1));
    assert_eq!(counts.by_os.get("linux"), Some(&1));
    assert_eq!(counts.appeared_by_day.iter().map(|(_, n)| n).sum::<u64>(), 3);
    assert_eq!(store.groups().await.unwrap(), ["default"]);
    assert!(store.set_device_place(&one, "berlin", &["DE".to_owned()]).await.unwrap());
    let row = store.device(&one).await.unwrap().unwrap();
    assert_eq!((row.group.as_str(), row.expected_countries), ("berlin", vec!["DE".to_owned()]));
    let filter = DeviceFilter { group: Some("berlin".to_owned()), ..DeviceFilter::default() };
    assert_eq!(store.devices(&filter, &PageRequest::default()).await.unwrap().items.len(), 1);
    let filter = DeviceFilter { state: Some(DeviceState::Pending), ..DeviceFilter::default() };
    let page = store.devices(&filter, &PageRequest::default()).await.unwrap();
    assert_eq!((page.items.len(), page.total), (1, Some(1)));
}
