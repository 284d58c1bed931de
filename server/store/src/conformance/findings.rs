//! Findings and their life.

use bearing_protocol::severity::Severity;

use super::sample::{at, enrolled, finding, observed};
use crate::{FindingEvent, FindingStatus, Store, StoreError};

fn by_ana(what: &str) -> FindingEvent {
    FindingEvent { at: at(50), actor: "ana".to_owned(), what: what.to_owned(), text: Some("why".to_owned()) }
}

pub async fn a_finding_lives_from_its_appearance_to_its_return<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let kvm = finding("KV-01", "pikvm", Severity::High);
    let grown = store.observe(&observed(&device, 1, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    assert_eq!(grown, std::slice::from_ref(&kvm.id));
    let grown = store.observe(&observed(&device, 1, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    assert!(grown.is_empty(), "the same evaluation twice changes nothing");
    store.observe(&observed(&device, 2, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    let row = store.finding(&device, &kvm.id).await.unwrap().unwrap();
    assert_eq!((row.status, row.first_seen, row.last_seen), (FindingStatus::Open, at(1), at(2)));
    assert_eq!(row.finding, kvm);

    let worse = finding("KV-01", "pikvm", Severity::Critical);
    let grown = store.observe(&observed(&device, 3, vec![worse.clone()], &["KV-01"])).await.unwrap();
    assert_eq!(grown, std::slice::from_ref(&kvm.id));
    store.observe(&observed(&device, 4, vec![], &["KV-01"])).await.unwrap();
    let row = store.finding(&device, &kvm.id).await.unwrap().unwrap();
    assert_eq!((row.status, row.resolved_at), (FindingStatus::Resolved, Some(at(4))));
    assert!(store.device_findings(&device).await.unwrap().is_empty());

    let grown = store.observe(&observed(&device, 5, vec![worse], &["KV-01"])).await.unwrap();
    assert_eq!(grown, std::slice::from_ref(&kvm.id));
    let row = store.finding(&device, &kvm.id).await.unwrap().unwrap();
    assert_eq!((row.status, row.resolved_at, row.first_seen), (FindingStatus::Open, None, at(1)));
    let history: Vec<_> =
        store.finding_history(&device, &kvm.id).await.unwrap().into_iter().map(|event| event.what).collect();
    assert_eq!(
        history,
        ["appeared", "severity high → critical", "status open → resolved", "status resolved → open"]
    );
}

pub async fn absence_resolves_only_what_was_assessed<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let kvm = finding("KV-01", "pikvm", Severity::High);
    let tool = finding("RA-01", "anydesk", Severity::High);
    let rules = ["KV-01", "RA-01"];
    store.observe(&observed(&device, 1, vec![kvm.clone(), tool.clone()], &rules)).await.unwrap();
    // USB could not be read: KV-01 was not assessed.
    store.observe(&observed(&device, 2, vec![], &["RA-01"])).await.unwrap();
    let status = async |id| store.finding(&device, id).await.unwrap().unwrap().status;
    assert_eq!(status(&kvm.id).await, FindingStatus::Open);
    assert_eq!(status(&tool.id).await, FindingStatus::Resolved);
    // What the server sees resolves nothing of what the agent saw.
    let mut server = observed(&device, 3, vec![], &["KV-01"]);
    server.origin = "server".to_owned();
    server.result = None;
    store.observe(&server).await.unwrap();
    assert_eq!(status(&kvm.id).await, FindingStatus::Open);
}

pub async fn an_older_report_changes_nothing<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let kvm = finding("KV-01", "pikvm", Severity::High);
    store.observe(&observed(&device, 7, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    store.observe(&observed(&device, 6, vec![], &["KV-01"])).await.unwrap();
    assert_eq!(store.finding(&device, &kvm.id).await.unwrap().unwrap().status, FindingStatus::Open);
    assert_eq!(store.result_sequence(&device).await.unwrap(), Some(7));
    let mut named = observed(&device, 8, vec![kvm], &["KV-01"]);
    named.result.as_mut().unwrap().hostname = Some("renamed".to_owned());
    store.observe(&named).await.unwrap();
    let row = store.device(&device).await.unwrap().unwrap();
    assert_eq!((row.hostname.as_str(), row.checkin_seconds), ("renamed", 600));
    assert_eq!(row.policy.unwrap().name, "default");
    assert!(store.last_result(&device).await.unwrap().is_some());
}

pub async fn a_change_names_the_version_it_saw<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let kvm = finding("KV-01", "pikvm", Severity::High);
    store.observe(&observed(&device, 1, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    let seen = store.finding(&device, &kvm.id).await.unwrap().unwrap().version;
    assert!(store.assign_finding(&device, &kvm.id, Some("ana"), &by_ana("assigned to ana")).await.unwrap());
    let status = FindingStatus::InReview;
    let event = by_ana("status open → in_review");
    let stale = store.set_finding_status(&device, &kvm.id, seen, status, &event).await;
    assert!(matches!(stale, Err(StoreError::Conflict(_))));
    let row = store.finding(&device, &kvm.id).await.unwrap().unwrap();
    assert_eq!((row.status, row.assignee.as_deref()), (FindingStatus::Open, Some("ana")));
    assert!(store.set_finding_status(&device, &kvm.id, row.version, status, &event).await.unwrap());
    assert!(store.comment_finding(&device, &kvm.id, &by_ana("comment")).await.unwrap());
    let history = store.finding_history(&device, &kvm.id).await.unwrap();
    assert_eq!(history.len(), 4);
    assert_eq!(history[3].text.as_deref(), Some("why"));
    let other = finding("KV-02", "nothing", Severity::Low).id;
    assert!(!store.comment_finding(&device, &other, &by_ana("comment")).await.unwrap());
    assert!(!store.set_finding_status(&device, &other, 1, status, &event).await.unwrap());
    // Seen again it stays in review.
    store.observe(&observed(&device, 2, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    assert_eq!(store.finding(&device, &kvm.id).await.unwrap().unwrap().status, FindingStatus::InReview);
}

pub async fn a_raised_severity_stands_beside_the_reported_one<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let kvm = finding("KV-07", "lan", Severity::Low);
    store.observe(&observed(&device, 1, vec![kvm.clone()], &["KV-07"])).await.unwrap();
    for _ in 0..2 {
        assert!(
            store.raise_finding(&device, &kvm.id, Severity::High, "two hosts see it", at(2)).await.unwrap()
        );
    }
    store.observe(&observed(&device, 3, vec![kvm.clone()], &["KV-07"])).await.unwrap();
    let row = store.finding(&device, &kvm.id).await.unwrap().unwrap();
    assert_eq!(row.finding.severity, Severity::Low);
    assert_eq!(row.raised, Some((Severity::High, "two hosts see it".to_owned())));
    assert_eq!(store.finding_history(&device, &kvm.id).await.unwrap().len(), 2);
}

pub async fn a_false_positive_stays_until_it_grows_graver<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let kvm = finding("KV-01", "pikvm", Severity::Medium);
    store.observe(&observed(&device, 1, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    let event = by_ana("status open → false_positive");
    store.set_finding_status(&device, &kvm.id, 1, FindingStatus::FalsePositive, &event).await.unwrap();
    store.observe(&observed(&device, 2, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    store.observe(&observed(&device, 3, vec![], &["KV-01"])).await.unwrap();
    store.observe(&observed(&device, 4, vec![kvm.clone()], &["KV-01"])).await.unwrap();
    assert_eq!(store.finding(&device, &kvm.id).await.unwrap().unwrap().status, FindingStatus::FalsePositive);
    let worse = finding("KV-01", "pikvm", Severity::Critical);
    store.observe(&observed(&device, 5, vec![worse], &["KV-01"])).await.unwrap();
    assert_eq!(store.finding(&device, &kvm.id).await.unwrap().unwrap().status, FindingStatus::Open);
}
