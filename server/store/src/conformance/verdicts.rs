//! Verdicts, and devices that fell silent.

use bearing_protocol::{id::DeviceId, severity::Severity};

use super::sample::{at, enrolled, finding, intake, observed};
use crate::{Intake, MessageKind, Store, VerdictRow};

fn verdict(device: &DeviceId, word: &str, evidence: Option<f64>) -> VerdictRow {
    VerdictRow {
        device: device.clone(),
        verdict: word.to_owned(),
        evidence,
        posture: 1.5,
        arithmetic: vec!["evidence = …".to_owned()],
        place: Some(serde_json::json!({"verdict": "consistent"})),
        at: at(1),
    }
}

pub async fn the_queue_is_ordered_by_work<S: Store>(store: &S) {
    let mut devices = Vec::new();
    for n in 0..5 {
        devices.push(enrolled(store, n).await);
    }
    let rows = [
        verdict(&devices[0], "review", Some(12.0)),
        verdict(&devices[1], "investigate", Some(25.0)),
        verdict(&devices[2], "investigate", Some(37.0)),
        verdict(&devices[3], "nothing_found", Some(2.0)),
        verdict(&devices[4], "not_assessed", None),
    ];
    for row in &rows {
        store.set_verdict(row).await.unwrap();
    }
    let queue: Vec<_> = store.verdict_queue(10).await.unwrap().into_iter().map(|row| row.device).collect();
    assert_eq!(queue, [&devices[2], &devices[1], &devices[0], &devices[4]].map(Clone::clone));
    assert_eq!(store.verdict(&devices[1]).await.unwrap().as_ref(), Some(&rows[1]));

    store.set_verdict(&rows[0]).await.unwrap();
    assert!(store.verdict_history(&devices[0], 10).await.unwrap().is_empty(), "the same again is no history");
    store.set_verdict(&verdict(&devices[0], "escalate", Some(50.0))).await.unwrap();
    assert_eq!(store.verdict_history(&devices[0], 10).await.unwrap(), [rows[0].clone()]);
    assert_eq!(store.verdict_queue(1).await.unwrap()[0].device, devices[0]);
}

pub async fn places_are_counted_by_country_and_verdict<S: Store>(store: &S) {
    let place = |word: &str| Some(serde_json::json!({ "verdict": word }));
    for (n, country, place) in [
        (0, Some("DE"), place("match")),
        (1, Some("DE"), place("match")),
        (2, Some("DE"), place("mismatch")),
        (3, Some("PT"), None),
        (4, None, place("no_expectation")),
    ] {
        let device = enrolled(store, n).await;
        let checkin = MessageKind::Checkin { stopping: false };
        let (country, class) = (country.map(str::to_owned), Some("unknown".to_owned()));
        let seen = Intake { country, egress_class: class, ..intake(&device, 1, checkin) };
        store.commit(vec![seen]).await.unwrap();
        store.set_verdict(&VerdictRow { place, ..verdict(&device, "review", None) }).await.unwrap();
    }
    let counts = store.place_counts().await.unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|count| (count.country.as_deref(), count.verdict.as_deref(), count.devices, count.simulated))
        .collect();
    assert_eq!(
        counts,
        [
            (None, Some("no_expectation"), 1, 0),
            (Some("DE"), Some("match"), 2, 0),
            (Some("DE"), Some("mismatch"), 1, 0),
            (Some("PT"), None, 1, 0),
        ]
    );
}

pub async fn silence_is_overdue_until_it_is_a_finding<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let checkin = MessageKind::Checkin { stopping: false };
    store.observe(&observed(&device, 1, vec![], &[])).await.unwrap(); // promises 600 s
    store.commit(vec![intake(&device, 1, checkin)]).await.unwrap();
    assert!(store.overdue(at(601), 60, 10).await.unwrap().is_empty());
    let overdue = store.overdue(at(1 + 600 + 61), 60, 10).await.unwrap();
    assert_eq!(overdue.iter().map(|row| &row.id).collect::<Vec<_>>(), [&device]);
    let mut silent = observed(&device, 2, vec![finding("AT-01", "silence", Severity::Medium)], &["AT-01"]);
    silent.origin = "server".to_owned();
    silent.result = None;
    store.observe(&silent).await.unwrap();
    assert!(store.overdue(at(10_000), 60, 10).await.unwrap().is_empty(), "it is a finding now");
}
