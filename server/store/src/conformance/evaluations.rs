//! Evaluations, their challenges, and policies.

use bearing_protocol::{envelope::Envelope, id::EvaluationId, payload::EvaluationScope};

use super::sample::{at, digest, enrolled, intake};
use crate::{ChallengeRow, EvaluationRow, EvaluationStatus, MessageKind, PolicyRow, Store, StoreError};

fn envelope() -> Envelope {
    Envelope::seal_bytes("t", b"{}", &[])
}

pub async fn a_challenge_is_answered_once_and_a_result_frozen_once<S: Store>(store: &S) {
    let (one, two) = (enrolled(store, 1).await, enrolled(store, 2).await);
    let id = EvaluationId::from_bytes(&[1; 16]);
    let row = EvaluationRow {
        id: id.clone(),
        name: "Q4".to_owned(),
        created_by: "ana".to_owned(),
        created_at: at(0),
        deadline: at(100),
        scope: EvaluationScope::default(),
        status: EvaluationStatus::Running,
        result: None,
        devices: 2,
        answered: 0,
    };
    let challenge =
        |device| ChallengeRow { evaluation: id.clone(), device, nonce: "n0".to_owned(), answer: None };
    let challenges = [challenge(one.clone()), challenge(two.clone())];
    store.add_evaluation(&row, &challenges).await.unwrap();
    assert!(matches!(store.add_evaluation(&row, &challenges).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.open_challenge(&one, at(1)).await.unwrap().unwrap().nonce, "n0");
    assert!(store.open_challenge(&one, at(100)).await.unwrap().is_none(), "the deadline has passed");

    let mut answer = intake(&one, 1, MessageKind::Report);
    answer.answers = Some((id.clone(), "n0".to_owned()));
    let mut wrong = intake(&two, 1, MessageKind::Report);
    wrong.answers = Some((id.clone(), "other".to_owned()));
    store.commit(vec![answer, wrong]).await.unwrap();
    assert!(store.open_challenge(&one, at(2)).await.unwrap().is_none());
    assert!(store.open_challenge(&two, at(2)).await.unwrap().is_some(), "another nonce answers nothing");
    let read = store.evaluation(&id).await.unwrap().unwrap();
    assert_eq!((read.devices, read.answered, read.status), (2, 1, EvaluationStatus::Running));
    let answered = store.challenges(&id).await.unwrap().into_iter().find(|row| row.device == one).unwrap();
    assert_eq!(answered.answer, Some((digest(1), 1, at(1))));
    let mut late = intake(&one, 2, MessageKind::Report);
    late.answers = Some((id.clone(), "n0".to_owned()));
    store.commit(vec![late]).await.unwrap();
    let still = store.challenges(&id).await.unwrap().into_iter().find(|row| row.device == one).unwrap();
    assert_eq!(still.answer, answered.answer, "the first answer stands");

    assert!(store.due_evaluations(at(99)).await.unwrap().is_empty());
    assert_eq!(store.due_evaluations(at(100)).await.unwrap(), std::slice::from_ref(&id));
    store.freeze_evaluation(&id, &envelope(), at(100)).await.unwrap();
    let again = store.freeze_evaluation(&id, &envelope(), at(101)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    assert!(store.due_evaluations(at(200)).await.unwrap().is_empty());
    let read = store.evaluation(&id).await.unwrap().unwrap();
    assert_eq!((read.status, read.result), (EvaluationStatus::Frozen, Some(envelope())));
    assert_eq!(store.evaluations(10).await.unwrap().len(), 1);
}

pub async fn policies_never_go_back<S: Store>(store: &S) {
    let policy = |version, groups: &[&str]| PolicyRow {
        name: "site".to_owned(),
        version,
        digest: digest(version),
        envelope: envelope(),
        groups: groups.iter().map(ToString::to_string).collect(),
        published_by: "ana".to_owned(),
        published_at: at(0),
    };
    store.publish_policy(&policy(3, &[])).await.unwrap();
    store.publish_policy(&policy(4, &["berlin"])).await.unwrap();
    for version in [1, 3, 4] {
        assert!(matches!(store.publish_policy(&policy(version, &[])).await, Err(StoreError::Conflict(_))));
    }
    assert_eq!(store.policy_for("berlin").await.unwrap().unwrap().version, 4);
    assert_eq!(store.policy_for("paris").await.unwrap().unwrap().version, 3);
    assert_eq!(store.policies().await.unwrap().len(), 2);
}
