//! Jobs: hidden while somebody works on them, never lost.

use super::sample::{at, enrolled};
use crate::{JobKind, Store};

pub async fn taken_jobs_are_hidden_and_failed_ones_come_back<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    for sequence in [1, 2, 2, 3] {
        store.enqueue(JobKind::Correlate, &device, sequence, at(0)).await.unwrap();
    }
    assert_eq!(store.job_backlog().await.unwrap(), (3, Some(at(0))));
    let taken = store.take_jobs(2, at(1), at(60)).await.unwrap();
    assert_eq!(taken.iter().map(|job| job.sequence).collect::<Vec<_>>(), [1, 2]);
    let rest = store.take_jobs(10, at(2), at(60)).await.unwrap();
    assert_eq!(rest.iter().map(|job| job.sequence).collect::<Vec<_>>(), [3]);
    store.finish_jobs(&[taken[0].id, rest[0].id]).await.unwrap();
    store.fail_job(taken[1].id, at(30), "it does not open").await.unwrap();
    assert!(store.take_jobs(10, at(29), at(60)).await.unwrap().is_empty());
    let again = store.take_jobs(10, at(30), at(90)).await.unwrap();
    assert_eq!((again.len(), again[0].sequence, again[0].attempts), (1, 2, 1));
    // The worker died: it comes back by itself.
    assert_eq!(store.take_jobs(10, at(90), at(120)).await.unwrap().len(), 1);
}

pub async fn a_taken_job_that_is_enqueued_again_is_done_again<S: Store>(store: &S) {
    let device = enrolled(store, 1).await;
    store.enqueue(JobKind::Verdict, &device, 0, at(0)).await.unwrap();
    let taken = store.take_jobs(10, at(1), at(60)).await.unwrap();
    store.enqueue(JobKind::Verdict, &device, 0, at(2)).await.unwrap();
    store.finish_jobs(&[taken[0].id]).await.unwrap();
    assert_eq!(store.take_jobs(10, at(3), at(60)).await.unwrap().len(), 1);
}
