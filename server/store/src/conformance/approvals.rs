//! Approvals: scoped, owned, with an end.

use bearing_protocol::{
    finding::Finding,
    id::{ApprovalId, DeviceId},
    severity::Severity,
};

use super::sample::{at, enrolled, finding, observed};
use crate::{ApprovalRow, FindingStatus, JobKind, Store, StoreError};

fn approval(n: u8) -> ApprovalRow {
    ApprovalRow {
        id: ApprovalId::from_bytes(&[n; 16]),
        finding: None,
        rule: None,
        product: Some("anydesk".to_owned()),
        device: None,
        group: None,
        hours: None,
        owner: "it@example.org".to_owned(),
        reason: "help desk".to_owned(),
        created_by: "ana".to_owned(),
        created_at: at(10),
        expires_at: at(100),
        revoked_at: None,
    }
}

fn anydesk() -> Finding {
    Finding { product: Some("anydesk".to_owned()), ..finding("RA-01", "anydesk", Severity::High) }
}

async fn status<S: Store>(store: &S, device: &DeviceId, finding: &Finding) -> FindingStatus {
    store.finding(device, &finding.id).await.unwrap().unwrap().status
}

pub async fn an_approval_covers_what_is_there_and_what_comes<S: Store>(store: &S) {
    let (one, two) = (enrolled(store, 1).await, enrolled(store, 2).await);
    let other = finding("RA-01", "other", Severity::High);
    store.observe(&observed(&one, 1, vec![anydesk(), other.clone()], &["RA-01"])).await.unwrap();
    assert_eq!(store.add_approval(&approval(1)).await.unwrap(), 1);
    assert_eq!(status(store, &one, &anydesk()).await, FindingStatus::Approved);
    assert_eq!(status(store, &one, &other).await, FindingStatus::Open);
    let grown = store.observe(&observed(&two, 2, vec![anydesk()], &["RA-01"])).await.unwrap();
    assert_eq!(grown.len(), 1);
    let row = store.finding(&two, &anydesk().id).await.unwrap().unwrap();
    assert_eq!((row.status, row.approval), (FindingStatus::Approved, Some(approval(1).id)));
    let jobs = store.take_jobs(10, at(200), at(300)).await.unwrap();
    assert!(jobs.iter().any(|job| job.kind == JobKind::Verdict && job.device == one));

    let elsewhere = ApprovalRow {
        product: None,
        rule: Some("RA-01".parse().unwrap()),
        group: Some("elsewhere".to_owned()),
        ..approval(2)
    };
    assert_eq!(store.add_approval(&elsewhere).await.unwrap(), 0, "another group's findings stay");
    assert_eq!(store.approvals().await.unwrap().len(), 2);
}

pub async fn an_approval_outside_its_hours_covers_nothing<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    store.observe(&observed(&device, 1, vec![anydesk()], &["RA-01"])).await.unwrap();
    let hours = ApprovalRow { hours: Some("{}".to_owned()), ..approval(1) };
    assert_eq!(store.add_approval(&hours).await.unwrap(), 0, "it covers from the next report on");
    assert_eq!(store.approvals().await.unwrap()[0].hours.as_deref(), Some("{}"));
    store.observe(&observed(&device, 2, vec![anydesk()], &["RA-01"])).await.unwrap();
    assert_eq!(status(store, &device, &anydesk()).await, FindingStatus::Approved);
    let mut night = observed(&device, 3, vec![anydesk()], &["RA-01"]);
    night.suspended = vec![hours.id];
    let grown = store.observe(&night).await.unwrap();
    assert_eq!(grown.len(), 1, "it is heard at night");
    assert_eq!(status(store, &device, &anydesk()).await, FindingStatus::Open);
}

pub async fn nothing_approves_everything<S: Store>(store: &S) {
    let everything = ApprovalRow { product: None, ..approval(1) };
    assert!(matches!(store.add_approval(&everything).await, Err(StoreError::Conflict(_))));
    assert!(store.approvals().await.unwrap().is_empty());
}

pub async fn an_expired_approval_reopens_what_it_covered<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    store.observe(&observed(&device, 1, vec![anydesk()], &["RA-01"])).await.unwrap();
    store.add_approval(&approval(1)).await.unwrap();
    assert_eq!(store.expire_approvals(at(99)).await.unwrap(), 0);
    assert_eq!(store.expire_approvals(at(100)).await.unwrap(), 1);
    assert_eq!(store.expire_approvals(at(101)).await.unwrap(), 0);
    assert_eq!(status(store, &device, &anydesk()).await, FindingStatus::Open);
    let mut later = observed(&device, 2, vec![anydesk()], &["RA-01"]);
    later.at = at(120);
    store.observe(&later).await.unwrap();
    assert_eq!(status(store, &device, &anydesk()).await, FindingStatus::Open);
}

pub async fn a_withdrawn_approval_reopens_what_it_covered<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    store.observe(&observed(&device, 1, vec![anydesk()], &["RA-01"])).await.unwrap();
    store.add_approval(&approval(1)).await.unwrap();
    assert!(store.revoke_approval(&approval(1).id, at(20), "ana").await.unwrap());
    assert_eq!(status(store, &device, &anydesk()).await, FindingStatus::Open);
    assert!(!store.revoke_approval(&approval(9).id, at(20), "ana").await.unwrap());
    let history = store.finding_history(&device, &anydesk().id).await.unwrap();
    assert_eq!(history.last().unwrap().actor, "ana");
}
