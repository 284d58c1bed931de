//! Sequence numbers, chains, envelopes.

use bearing_protocol::{commitment::Disclosure, payload::SpoolLoss};

use super::sample::{at, digest, enrolled, intake, new_device};
use crate::{Accepted, Chain, DeviceState, JobKind, MessageKind, Refusal, Store};

const CHECKIN: MessageKind = MessageKind::Checkin { stopping: false };

pub async fn numbers_only_grow_and_a_duplicate_is_stored_once<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let first = intake(&device, 1, MessageKind::Report);
    let again = first.clone();
    let accepted = store.commit(vec![first]).await.unwrap();
    assert_eq!(accepted, [Ok(Accepted { duplicate: false, chain: Chain::Continues })]);
    let accepted = store.commit(vec![again.clone(), again]).await.unwrap();
    let duplicate = Ok(Accepted { duplicate: true, chain: Chain::Continues });
    assert_eq!(accepted, [duplicate.clone(), duplicate]);
    assert_eq!(store.message_count().await.unwrap(), 1);
    let row = store.device(&device).await.unwrap().unwrap();
    assert_eq!((row.sequence, row.chain, row.last_seen), (1, Some(digest(1)), Some(at(1))));
    let jobs = store.take_jobs(10, at(10), at(20)).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!((jobs[0].kind, jobs[0].sequence), (JobKind::Correlate, 1));
}

pub async fn gaps_breaks_and_declared_losses_are_told_apart<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let first = intake(&device, 1, CHECKIN);
    let mut broken = intake(&device, 2, CHECKIN);
    broken.previous = Some(digest(77));
    let gap = intake(&device, 5, CHECKIN);
    let mut declared = intake(&device, 9, CHECKIN);
    declared.spool_loss = Some(SpoolLoss { from: 6, to: 8, last_digest: digest(8) });
    let mut false_declaration = intake(&device, 12, CHECKIN);
    false_declaration.spool_loss = Some(SpoolLoss { from: 11, to: 11, last_digest: digest(11) });
    let accepted = store.commit(vec![first, broken, gap, declared, false_declaration]).await.unwrap();
    let chains: Vec<_> = accepted.into_iter().map(|one| one.unwrap().chain).collect();
    assert_eq!(
        chains,
        [
            Chain::Continues,
            Chain::Broken,
            Chain::Gap { from: 3, to: 4 },
            Chain::DeclaredLoss,
            Chain::Gap { from: 10, to: 11 }
        ]
    );
    let stored = store.message(&device, 5).await.unwrap().unwrap();
    assert_eq!(stored.chain, Chain::Gap { from: 3, to: 4 });
    let jobs = store.take_jobs(10, at(100), at(200)).await.unwrap();
    let chain_jobs: Vec<_> = jobs.iter().filter(|j| j.kind == JobKind::Chain).map(|j| j.sequence).collect();
    assert_eq!(chain_jobs, [2, 5, 12]);
}

pub async fn a_fork_is_refused_and_becomes_a_job<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    store.commit(vec![intake(&device, 1, CHECKIN), intake(&device, 2, CHECKIN)]).await.unwrap();
    let mut fork = intake(&device, 1, MessageKind::Report);
    fork.digest = digest(99);
    let answer = store.commit(vec![fork]).await.unwrap();
    assert_eq!(answer, [Err(Refusal::Fork { sequence: 1, last: 2 })]);
    assert_eq!(store.message_count().await.unwrap(), 2);
    assert_eq!(store.message(&device, 1).await.unwrap().unwrap().digest, digest(1));
    let jobs = store.take_jobs(10, at(100), at(200)).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.kind).collect::<Vec<_>>(), [JobKind::Fork]);
}

pub async fn a_batch_is_taken_in_order_and_refuses_by_message<S: Store>(store: &S) {
    let good = enrolled(store, 1).await;
    let revoked = enrolled(store, 2).await;
    let pending = enrolled(store, 3).await;
    assert!(store.set_device_state(&revoked, DeviceState::Revoked).await.unwrap());
    assert!(store.set_device_state(&pending, DeviceState::Pending).await.unwrap());
    let unknown = new_device(4).id;
    let mut last_word = intake(&good, 2, MessageKind::Checkin { stopping: true });
    last_word.country = Some("DE".to_owned());
    last_word.egress_class = Some("unknown".to_owned());
    let batch = vec![
        intake(&good, 1, CHECKIN),
        intake(&revoked, 1, CHECKIN),
        last_word,
        intake(&pending, 1, CHECKIN),
        intake(&unknown, 1, CHECKIN),
    ];
    let answers = store.commit(batch).await.unwrap();
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert_eq!(answers[1], Err(Refusal::Revoked));
    assert_eq!(answers[3], Err(Refusal::Pending));
    assert_eq!(answers[4], Err(Refusal::UnknownDevice));
    let row = store.device(&good).await.unwrap().unwrap();
    assert!(row.stopped);
    assert_eq!((row.sequence, row.country.as_deref()), (2, Some("DE")));
    store.commit(vec![intake(&good, 3, CHECKIN)]).await.unwrap();
    let row = store.device(&good).await.unwrap().unwrap();
    assert_eq!((row.stopped, row.country.as_deref()), (false, Some("DE")));
}

pub async fn what_was_stored_reads_back_as_it_came<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let (_, disclosure) = Disclosure::commit(&[1; 16], &"ein \"Wert\" \u{202e}\u{0}").unwrap();
    let mut report = intake(&device, 1, MessageKind::Report);
    report.disclosures = vec![disclosure.clone()];
    report.observation = Some(report.envelope.clone());
    let envelope = report.envelope.clone();
    store.commit(vec![report, intake(&device, 2, CHECKIN)]).await.unwrap();
    let stored = store.last_report(&device).await.unwrap().unwrap();
    assert_eq!(stored.sequence, 1);
    assert_eq!(serde_json::to_string(&stored.envelope).unwrap(), envelope);
    assert_eq!(stored.disclosures, [disclosure]);
    assert_eq!(stored.observation, Some(stored.envelope.clone()));
    for n in [1, 2] {
        let found = store.message_by_digest(&device, &digest(n)).await.unwrap().unwrap();
        assert_eq!(found.sequence, n);
    }
    assert!(store.message_by_digest(&device, &digest(3)).await.unwrap().is_none());
    let newest: Vec<_> =
        store.messages(&device, None, 10).await.unwrap().iter().map(|m| m.sequence).collect();
    assert_eq!(newest, [2, 1]);
    assert_eq!(store.messages(&device, Some(2), 10).await.unwrap().len(), 1);
}

pub async fn an_erased_value_is_gone_and_the_message_stands<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    let (_, keep) = Disclosure::commit(&[1; 16], &"keep").unwrap();
    let (_, erase) = Disclosure::commit(&[2; 16], &"erase").unwrap();
    let mut report = intake(&device, 1, MessageKind::Report);
    report.disclosures = vec![keep.clone(), erase.clone()];
    store.commit(vec![report]).await.unwrap();
    assert!(store.erase_disclosure(&device, &erase).await.unwrap());
    assert!(!store.erase_disclosure(&device, &erase).await.unwrap());
    let stored = store.message(&device, 1).await.unwrap().unwrap();
    assert_eq!((stored.disclosures, stored.digest), (vec![keep], digest(1)));
}
