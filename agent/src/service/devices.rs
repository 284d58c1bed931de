//! Devices while they come and go: a look at each of the kernel's words, written to the journal.
//!
//! Always: a look follows every event, also while the network or an evaluation is waited for; looks are apart by at
//! least [`BETWEEN_LOOKS`]; without events a look is taken when the service is awake anyway; nothing is kept where
//! policy switches the source off.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bearing_host::{Collection, Root, collect};
use bearing_policies::Policy;
use bearing_protocol::{Timestamp, clock::Clock, coverage::Source, digest::Digest, fact::Facts};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};
use tracing::{error, info, warn};

use super::{ReadingThread, Watch};
use crate::{
    journal::{Journal, Look},
    state::StateDirectory,
};

/// What the service and the keeper share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Devices(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    directory: StateDirectory,
    state: Mutex<State>,
    /// Something came or went.
    changed: Notify,
    /// A look is asked for.
    asked: Notify,
}

#[derive(Debug)]
struct State {
    journal: Option<Journal>,
    /// What may be read of devices; nothing where no journal may be kept.
    sources: Vec<Source>,
    reported_at: Option<Timestamp>,
}

impl Devices {
    /// Opens the journal, where policy allows one.
    pub fn open(
        directory: &StateDirectory,
        policy: &Policy,
        reported_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let devices = Self(Arc::new(Shared {
            directory: directory.clone(),
            state: Mutex::new(State { journal: None, sources: Vec::new(), reported_at }),
            changed: Notify::new(),
            asked: Notify::new(),
        }));
        devices.heed(policy, now);
        devices
    }

    /// Keeps a journal, or none, as `policy` says. What was kept goes where it is switched off.
    pub fn heed(&self, policy: &Policy, now: Timestamp) {
        let mut state = self.state();
        state.sources = sources(policy);
        if state.sources.is_empty() {
            state.journal = None;
            if let Err(failure) = Journal::erase(&self.0.directory) {
                warn!("the journal of devices cannot be removed: {failure}");
            }
        } else if state.journal.is_none() {
            match Journal::open(&self.0.directory, state.reported_at, now) {
                Ok(journal) => state.journal = Some(journal),
                Err(failure) => error!("no journal of devices is kept: {failure}"),
            }
        }
    }

    /// Asks for a look at the devices: the net under the kernel's events.
    pub fn ask(&self) {
        self.0.asked.notify_one();
    }

    /// Resolves when something came or went; what happened meanwhile is not missed.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Adds to `facts` what the journal knows beyond them.
    pub fn recall(&self, facts: &mut Facts, now: Timestamp) {
        if let Some(journal) = &self.state().journal {
            journal.recall(facts, now);
        }
    }

    /// The newest line's digest.
    pub fn head(&self) -> Option<Digest> {
        self.state().journal.as_ref().and_then(Journal::head)
    }

    /// A report that vouches for `head` is in the spool.
    pub fn vouched(&self, head: Option<Digest>, now: Timestamp) {
        let mut state = self.state();
        state.reported_at = Some(now);
        if let Some(Err(failure)) = state.journal.as_mut().map(|journal| journal.vouched(head, now)) {
            warn!("what the report vouches for cannot be kept: {failure}");
        }
    }

    /// Listens and looks, for ever.
    pub async fn keep(&self, mut watch: Watch, looker: Looker, clock: &dyn Clock) -> Infallible {
        let mut due = Some(Instant::now());
        let mut running: Option<oneshot::Receiver<Facts>> = None;
        let mut settles: Option<Instant> = None;
        loop {
            let idle = running.is_none();
            let start = async {
                match due {
                    Some(at) if idle => tokio::time::sleep_until(at).await,
                    _ => std::future::pending().await,
                }
            };
            let settle = async {
                match settles {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                facts = looked(&mut running) => {
                    running = None;
                    if let Some(facts) = facts {
                        self.take(&facts, clock.now());
                    }
                    due = due.map(|at| at.max(Instant::now() + BETWEEN_LOOKS));
                    settles = self.settles(clock.now());
                }
                () = watch.changed() => {
                    self.0.changed.notify_one();
                    due.get_or_insert_with(Instant::now);
                }
                () = self.0.asked.notified() => { due.get_or_insert_with(Instant::now); }
                () = start => {
                    due = None;
                    let sources = self.state().sources.clone();
                    if !sources.is_empty() {
                        running = Some(looker.look(sources));
                    }
                }
                () = settle => {
                    if let Some(journal) = self.state().journal.as_mut() {
                        journal.settle(clock.now());
                    }
                    settles = self.settles(clock.now());
                }
            }
        }
    }

    fn take(&self, facts: &Facts, now: Timestamp) {
        let mut state = self.state();
        let Some(journal) = state.journal.as_mut() else { return };
        let before = journal.head();
        let look = Look::of(facts);
        journal.observe(&look, now);
        if journal.head() != before {
            info!(devices = look.devices.len(), "the journal of devices grew");
        }
    }

    fn settles(&self, now: Timestamp) -> Option<Instant> {
        let state = self.state();
        let left = state.journal.as_ref()?.settles_in(now)?;
        // A wall clock that moves differently from the other must not make this turn without end.
        let left = Duration::try_from(left).unwrap_or_default().max(BETWEEN_LOOKS);
        Some(Instant::now() + left)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at devices, on a thread of its own: an evaluation may hold up the other one.
pub struct Looker {
    thread: ReadingThread,
    root: Root,
    clock: Arc<dyn Clock>,
}

impl Looker {
    /// Looks at `root` on `thread`.
    pub const fn new(thread: ReadingThread, root: Root, clock: Arc<dyn Clock>) -> Self {
        Self { thread, root, clock }
    }

    fn look(&self, sources: Vec<Source>) -> oneshot::Receiver<Facts> {
        let (root, clock) = (self.root.clone(), Arc::clone(&self.clock));
        self.thread.run(move || {
            let collection = Collection {
                sources: sources.into_iter().collect(),
                ..Collection::everything(Default::default())
            };
            collect(&root, &collection, clock.as_ref())
        })
    }
}

/// Waits for the running look; for ever where none runs. `None` where it broke.
async fn looked(running: &mut Option<oneshot::Receiver<Facts>>) -> Option<Facts> {
    match running {
        Some(answer) => answer.await.ok(),
        None => std::future::pending().await,
    }
}

/// What of devices may be read, where a journal may be kept at all.
fn sources(policy: &Policy) -> Vec<Source> {
    let allowed = policy.sources();
    if !policy.source_is_on(Source::DeviceEvents) || !allowed.contains(&Source::Usb) {
        return Vec::new();
    }
    [Source::Usb, Source::Hid, Source::Storage, Source::Displays]
        .into_iter()
        .filter(|source| allowed.contains(source))
        .collect()
}

/// Least time between two looks: a device that announces its parts one after the other is looked at a few times.
const BETWEEN_LOOKS: Duration = Duration::from_millis(150);
