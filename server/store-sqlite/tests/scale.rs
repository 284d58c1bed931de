//! Pages stay fast when there is much: measured by hand, since a test asserts no wall-clock time.
//! `BEARING_SCALE=1 cargo test --release -p bearing-store-sqlite --test scale -- --nocapture`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed helper is a failed test"
)]

use std::time::Instant;

use bearing_protocol::severity::Severity;
use bearing_store::{
    CaseChange, CaseFilter, CaseStatus, Cases as _, DeviceFilter, Devices as _, FindingFilter, FindingStatus,
    Findings as _, Overview as _, PageRequest, Tokens as _, conformance::sample,
};
use bearing_store_sqlite::SqliteStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_many_devices_and_findings() {
    // Small without the variable: then it proves that every page is reached, not how fast.
    let (devices, per_device) =
        if std::env::var_os("BEARING_SCALE").is_some() { (2_000, 500) } else { (40, 5) };
    let directory = tempfile::TempDir::new().unwrap();
    let store = SqliteStore::open(&directory.path().join("bearing.db")).await.unwrap();
    store.add_token(&sample::token(1, 100_000)).await.unwrap();
    let rules = ["RA-01", "KV-01", "PO-01", "TU-03", "PO-04"];
    let mut batch = Vec::new();
    for n in 0..devices {
        let device = sample::new_device(u16::try_from(n).unwrap());
        store.enroll(&device, sample::at(0)).await.unwrap().unwrap();
        let findings = (0..per_device)
            .map(|f| {
                sample::finding(rules[f % rules.len()], &format!("cause {f}"), Severity::ALL[(n + f) % 5])
            })
            .collect();
        batch.push(sample::observed(&device.id, 1, findings, &rules));
        if batch.len() == 100 || n + 1 == devices {
            store.observe_all(&batch).await.unwrap();
            batch.clear();
        }
    }
    let measure = |what: &'static str, since: Instant| println!("{what}: {:?}", since.elapsed());
    let since = Instant::now();
    let page = store.devices(&DeviceFilter::default(), &PageRequest::default()).await.unwrap();
    measure("first page of devices", since);
    assert_eq!(page.total, Some(devices as u64));
    let filters = [
        ("open findings", FindingFilter { status: vec![FindingStatus::Open], ..FindingFilter::default() }),
        ("all findings", FindingFilter::default()),
        (
            "one family",
            FindingFilter { family: Some(bearing_protocol::rule::Family::Kvm), ..FindingFilter::default() },
        ),
        ("a search", FindingFilter { search: Some("cause 3".to_owned()), ..FindingFilter::default() }),
        (
            "a search for nothing",
            FindingFilter { search: Some("nowhere".to_owned()), ..FindingFilter::default() },
        ),
    ];
    for (what, filter) in filters {
        let mut request = PageRequest::default();
        for _ in 0..3 {
            let since = Instant::now();
            let page = store.findings(&filter, &request).await.unwrap();
            measure(what, since);
            request.after = page.next;
            if request.after.is_none() {
                break;
            }
        }
    }
    let since = Instant::now();
    let counts = store.overview(sample::at(10), sample::at(5)).await.unwrap();
    measure("overview", since);
    assert_eq!(counts.by_severity.values().sum::<u64>(), (devices * per_device) as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_many_cases() {
    let many = if std::env::var_os("BEARING_SCALE").is_some() { 20_000 } else { 60 };
    let directory = tempfile::TempDir::new().unwrap();
    let store = SqliteStore::open(&directory.path().join("bearing.db")).await.unwrap();
    for n in 0..many {
        let device = sample::new_device(u16::try_from(n).unwrap()).id;
        let case = bearing_store::conformance::cases::numbered(n, &device);
        store.open_case(&case, &CaseChange { devices: vec![device], ..CaseChange::default() }).await.unwrap();
    }
    let searching = |text: &str| CaseFilter { search: Some(text.to_owned()), ..CaseFilter::default() };
    let open = CaseFilter { status: vec![CaseStatus::Open], ..CaseFilter::default() };
    for (what, filter) in
        [("open", open), ("a search", searching("case 1")), ("for nothing", searching("nowhere"))]
    {
        let since = Instant::now();
        let page = store.cases(&filter, &PageRequest::default()).await.unwrap();
        println!("cases, {what}: {:?}", since.elapsed());
        assert_eq!(page.items.is_empty(), what == "for nothing");
    }
    let since = Instant::now();
    let counts = store.case_counts().await.unwrap();
    println!("cases, counted: {:?}", since.elapsed());
    assert_eq!(counts.by_status["open"], u64::from(many));
}
