//! Group commit: many messages, one transaction, one wait for the disk.
//!
//! Always: a message is answered after the transaction that holds it is on the disk; what waits is bounded,
//! and more than that is told to come later.

use std::{sync::Arc, time::Duration};

use bearing_store::{Accepted, Intake, Refusal, Store, StoreError};
use tokio::sync::{Notify, mpsc, oneshot};

use super::Refused;

/// Most messages of one transaction.
const MAX_BATCH: usize = 512;
/// A batch smaller than this waits a moment for company.
const SMALL_BATCH: usize = 8;
/// How long.
const COMPANY: Duration = Duration::from_millis(2);
/// Most messages that wait for their transaction.
const MAX_WAITING: usize = 4_096;

type Answer = Result<Result<Accepted, Refusal>, Refused>;

struct Waiting {
    intake: Intake,
    answer: oneshot::Sender<Answer>,
}

/// The way into the group commit.
#[derive(Clone)]
pub(super) struct Committer(mpsc::Sender<Waiting>);

impl Committer {
    /// Starts committing to `store`; `committed` is told after each transaction.
    pub(super) fn start(store: Arc<dyn Store>, committed: Arc<Notify>) -> Self {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        tokio::spawn(run(store, committed, receiver));
        Self(sender)
    }

    /// Commits one message together with others.
    pub(super) async fn commit(&self, intake: Intake) -> Answer {
        let (answer, committed) = oneshot::channel();
        self.0
            .try_send(Waiting { intake, answer })
            .map_err(|_| Refused::unavailable("the server is behind: keep the message and try later"))?;
        committed
            .await
            .map_err(|_| Refused::unavailable("the server is stopping: keep the message and try later"))?
    }
}

async fn run(store: Arc<dyn Store>, committed: Arc<Notify>, mut receiver: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    while receiver.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        if waiting.len() < SMALL_BATCH {
            let more = async {
                while waiting.len() < SMALL_BATCH && receiver.recv_many(&mut waiting, MAX_BATCH).await > 0 {}
            };
            let _ = tokio::time::timeout(COMPANY, more).await;
        }
        let (batch, answers): (Vec<_>, Vec<_>) =
            waiting.drain(..).map(|one| (one.intake, one.answer)).unzip();
        metrics::histogram!("bearing_commit_batch").record(batch.len() as f64);
        match store.commit(batch).await {
            Ok(results) => {
                for (answer, result) in answers.into_iter().zip(results) {
                    let _ = answer.send(Ok(result)); // who asked may have gone; the message is kept all the same
                }
                committed.notify_one();
            }
            Err(error) => refuse(answers, error),
        }
    }
}

fn refuse(answers: Vec<oneshot::Sender<Answer>>, error: StoreError) {
    let full = matches!(error, StoreError::Full);
    let _ = Refused::from(error); // logs it once
    for answer in answers {
        let title = if full {
            "the server's disk is full: keep the message and try later"
        } else {
            "the server cannot commit right now: keep the message and try later"
        };
        let _ = answer.send(Err(Refused::unavailable(title)));
    }
}
