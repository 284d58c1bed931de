//! Cases: one open per subject, changes that name their version, splitting and merging that forget nothing.

use bearing_protocol::{
    id::{CaseId, DeviceId, FindingId},
    severity::Severity,
};

use super::sample::{at, enrolled, finding};
use crate::{
    CaseChange, CaseCheck, CaseDecision, CaseEvent, CaseFilter, CaseMember, CaseRow, CaseStatus, CaseSubject,
    CheckResult, ClosingMark, CustodyEntry, Opened, PageRequest, Store, StoreError,
};

fn case(n: u8, device: &DeviceId) -> CaseRow {
    CaseRow {
        id: CaseId::from_bytes(&[n; 16]),
        subject: CaseSubject::device(device),
        title: format!("case {n}"),
        status: CaseStatus::Open,
        verdict: "investigate".to_owned(),
        evidence: Some(25.0),
        posture: 1.0,
        arithmetic: Vec::new(),
        flags: Vec::new(),
        assignee: None,
        opened_at: at(i64::from(n)),
        opened_by: "rule".to_owned(),
        closed_at: None,
        closed_by: None,
        decision: None,
        reason: None,
        proposed_by: None,
        reviewer: None,
        follows: true,
        split_from: None,
        moved_to: None,
        updated_at: at(i64::from(n)),
        version: 1,
    }
}

/// The `n`th of many cases.
pub fn numbered(n: u32, device: &DeviceId) -> CaseRow {
    let row = case(1, device);
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    CaseRow {
        id: CaseId::from_bytes(&id),
        title: format!("case {n}"),
        evidence: Some(f64::from(n % 500) / 10.0),
        opened_at: at(i64::from(n)),
        ..row
    }
}

fn line(what: &str) -> CaseEvent {
    CaseEvent { at: at(5), actor: "ana".to_owned(), what: what.to_owned(), text: Some("…".to_owned()) }
}

fn member(device: &DeviceId, shape: &str) -> CaseMember {
    CaseMember {
        device: device.clone(),
        finding: finding("KV-01", shape, Severity::High).id,
        added_at: at(1),
        report: Some(3),
        moved_to: None,
        closing: None,
    }
}

fn with(members: Vec<CaseMember>) -> CaseChange {
    CaseChange { events: vec![line("opened")], add: members, ..CaseChange::default() }
}

fn closed(case: &CaseRow) -> CaseRow {
    CaseRow { status: CaseStatus::Closed, decision: Some(CaseDecision::Benign), ..case.clone() }
}

pub async fn a_subject_has_one_open_case_that_follows_it<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let first = case(1, &device);
    let change = with(vec![member(&device, "a"), member(&device, "a")]);
    assert_eq!(store.open_case(&first, &change).await.unwrap(), Opened::New);
    assert_eq!(
        store.open_case(&case(2, &device), &change).await.unwrap(),
        Opened::Already(first.id.clone()),
        "the second opening opens nothing"
    );
    assert!(store.case(&CaseId::from_bytes(&[2; 16])).await.unwrap().is_none());
    assert_eq!(store.case(&first.id).await.unwrap(), Some(first.clone()), "it reads back as it was");
    assert_eq!(store.case_members(&first.id).await.unwrap(), [member(&device, "a")]);
    assert_eq!(store.case_devices(&first.id).await.unwrap(), std::slice::from_ref(&device));

    assert!(store.save_case(&closed(&first), 1, &CaseChange::default()).await.unwrap());
    assert_eq!(store.open_case(&case(2, &device), &change).await.unwrap(), Opened::New);
    let again = CaseRow { status: CaseStatus::Open, ..first };
    let refused = store.save_case(&again, 2, &CaseChange::default()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "the other one is open: {refused:?}");
    let found = store.cases_of_devices(std::slice::from_ref(&device)).await.unwrap();
    assert_eq!(found.iter().map(|(_, case)| case.title.as_str()).collect::<Vec<_>>(), ["case 2", "case 1"]);
}

pub async fn a_case_changes_only_from_the_version_that_was_seen<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let first = case(1, &device);
    store.open_case(&first, &with(vec![member(&device, "a")])).await.unwrap();
    let mark = ClosingMark { severity: Severity::High, shape: vec!["usb/product/".to_owned()] };
    let change = CaseChange {
        events: vec![line("closed")],
        marks: vec![(device.clone(), member(&device, "a").finding, mark.clone())],
        ..CaseChange::default()
    };
    assert!(store.save_case(&closed(&first), 1, &change).await.unwrap());
    let late = store.save_case(&first, 1, &with(vec![member(&device, "b")])).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    let members = store.case_members(&first.id).await.unwrap();
    assert_eq!(members.len(), 1, "what was refused left nothing behind");
    assert_eq!(members[0].closing, Some(mark));
    assert_eq!(store.case(&first.id).await.unwrap().unwrap().version, 2);
    assert!(!store.save_case(&case(9, &device), 1, &change).await.unwrap(), "there is no such case");

    assert!(store.note_case(&first.id, &line("comment")).await.unwrap());
    assert!(!store.note_case(&case(9, &device).id, &line("comment")).await.unwrap());
    let words: Vec<_> =
        store.case_events(&first.id).await.unwrap().into_iter().map(|event| event.what).collect();
    assert_eq!(words, ["opened", "closed", "comment"]);
}

pub async fn disproof_steps_and_custody_are_kept<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let first = case(1, &device);
    store.open_case(&first, &with(vec![member(&device, "a")])).await.unwrap();
    let check = |result, by: &str, seconds| CaseCheck {
        key: "step".to_owned(),
        result,
        note: "the desk is empty".to_owned(),
        by: by.to_owned(),
        at: at(seconds),
    };
    let tried = check(CheckResult::NotPossible, "ana", 1);
    assert!(store.answer_check(&first.id, 1, &tried, &line("step")).await.unwrap());
    let again = store.answer_check(&first.id, 1, &tried, &line("step")).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "sent twice: {again:?}");
    let done = check(CheckResult::Stands, "ben", 2);
    assert!(store.answer_check(&first.id, 2, &done, &line("step")).await.unwrap());
    assert_eq!(store.case_checks(&first.id).await.unwrap(), [done], "the last answer holds");
    assert_eq!(store.case_events(&first.id).await.unwrap().len(), 3, "and the timeline has both");

    for n in 1..=3 {
        let entry = CustodyEntry {
            at: at(n),
            actor: "aud".to_owned(),
            what: "looked".to_owned(),
            digest: None,
            audit: n.unsigned_abs(),
        };
        store.note_custody(&first.id, &entry).await.unwrap();
    }
    let entries = store.custody(&first.id, 2).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.audit).collect::<Vec<_>>(), [2, 3]);
}

pub async fn splitting_and_merging_forget_nothing<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let first = case(1, &device);
    let all = vec![member(&device, "a"), member(&device, "b")];
    store.open_case(&first, &with(all)).await.unwrap();
    let part = CaseRow { follows: false, split_from: Some(first.id.clone()), version: 1, ..case(2, &device) };
    let chosen = [(device.clone(), member(&device, "b").finding)];
    let lines = (line("split off"), line("split from"));
    let foreign = [(device.clone(), FindingId::of_cause("XX-01", None, "no member"))];
    let refused = store.split_case((&first, 1), &part, &foreign, (&lines.0, &lines.1)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert!(store.case(&part.id).await.unwrap().is_none(), "what was refused left nothing behind");
    assert!(store.split_case((&first, 1), &part, &chosen, (&lines.0, &lines.1)).await.unwrap());
    let twice = store
        .split_case(
            (&first, 2),
            &CaseRow { id: case(3, &device).id, ..part.clone() },
            &chosen,
            (&lines.0, &lines.1),
        )
        .await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "it was moved already: {twice:?}");
    let moved = store.case_members(&first.id).await.unwrap();
    assert_eq!(moved.iter().filter(|member| member.moved_to.as_ref() == Some(&part.id)).count(), 1);
    assert_eq!(store.case_members(&part.id).await.unwrap().len(), 1);
    let of_finding = store.cases_of_finding(&device, &chosen[0].1).await.unwrap();
    assert_eq!(of_finding.iter().map(|case| &case.id).collect::<Vec<_>>(), [&part.id]);

    let gone = CaseRow {
        status: CaseStatus::Closed,
        decision: Some(CaseDecision::Moved),
        moved_to: Some(first.id.clone()),
        ..part.clone()
    };
    let stale = store.merge_case((&gone, 1), (&first, 1), (&lines.0, &lines.1)).await;
    assert!(matches!(stale, Err(StoreError::Conflict(_))), "{stale:?}");
    assert!(store.merge_case((&gone, 1), (&first, 2), (&lines.0, &lines.1)).await.unwrap());
    let back = store.case_members(&first.id).await.unwrap();
    assert!(back.len() == 2 && back.iter().all(|member| member.moved_to.is_none()), "{back:?}");
    assert_eq!(store.case(&part.id).await.unwrap().unwrap().moved_to, Some(first.id.clone()));
    let of_device = store.cases_of_devices(&[device]).await.unwrap();
    assert_eq!(of_device.len(), 1, "a moved case is found in the one it was moved to");
}

pub async fn case_pages_are_ordered_by_work<S: Store>(store: &S) {
    let mut wanted = Vec::new();
    let shapes = [
        ("escalate", Some(50.0), 0),
        ("investigate", Some(20.0), 1),
        ("investigate", Some(37.5), 0),
        ("investigate", Some(25.0), 0),
        ("review", Some(10.0), 0),
        ("not_assessed", None, 0),
    ];
    for (n, (verdict, evidence, flags)) in (1..).zip(shapes) {
        let device = enrolled(store, u16::from(n)).await;
        let row = CaseRow {
            verdict: verdict.to_owned(),
            evidence,
            flags: vec!["new_hire".to_owned(); flags],
            title: format!("100% case_{n}"),
            ..case(n, &device)
        };
        store.open_case(&row, &with(vec![member(&device, "a")])).await.unwrap();
        wanted.push(row.id);
    }
    let mut seen = Vec::new();
    let mut request = PageRequest { after: None, limit: 2 };
    loop {
        let page = store.cases(&CaseFilter::default(), &request).await.unwrap();
        seen.extend(page.items.into_iter().map(|row| row.id));
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, wanted);
    let search = |text: &str| CaseFilter { search: Some(text.to_owned()), ..CaseFilter::default() };
    let found = async |filter| store.cases(&filter, &PageRequest::default()).await.unwrap().items.len();
    assert_eq!(found(search("0% case_")).await, 6);
    assert_eq!(found(search("0%_case")).await, 0, "wildcards are plain characters");
    let review = CaseFilter { verdict: Some("review".to_owned()), ..CaseFilter::default() };
    assert_eq!(found(review).await, 1);
    let counts = store.case_counts().await.unwrap();
    assert_eq!((counts.by_status["open"], counts.by_verdict["investigate"]), (6, 3));
}
