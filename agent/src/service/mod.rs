//! The service: evaluates as policy schedules, at once on a challenge and when a device changes, and sends.
//!
//! Always: what is sent comes from the spool, in order, one at a time; the network is never waited for without also
//! waiting for the stop signal; a failure is logged once where it begins and once where it ends; a server that refuses
//! the device ends sending, and `status` says so; the last word is signed.

mod delivery;
mod devices;
mod errands;
mod evaluator;
mod message;
mod notice;
mod reading_thread;
mod record;
mod watch;

use std::{future::Future, sync::Arc, time::Duration};

use bearing_protocol::{
    api::Challenge,
    clock::Clock,
    digest::Digest,
    payload::{CheckinReason, ReportReason},
};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};
use tracing::{error, info, warn};

pub use devices::{Devices, Looker};
pub use evaluator::{Evaluated, Evaluator};
pub use notice::{Notice, NoticeBoard, ReportInBrief};
pub use reading_thread::ReadingThread;
pub use record::{LastReport, Record, Trouble};
pub use watch::Watch;

#[cfg(unix)]
use crate::trips::{Desk, SOCKET_FILE};
use crate::{
    colleagues::Colleagues,
    inventory::Beside,
    key::{DeviceKey, KeyError},
    policy_store::PolicyStore,
    rounds::Rounds,
    schedule::Timetable,
    spool::{Outbox, OutboxError},
    state::{Enrolment, FileError, Lock, LockError, StateDirectory},
    transport::{Backoff, TlsError, Transport},
    trips::TripBook,
};

/// What the service is made of.
pub struct Parts {
    /// Where its state is.
    pub directory: StateDirectory,
    /// The hold on that directory.
    pub lock: Lock,
    /// What was pinned.
    pub enrolment: Enrolment,
    /// The device's key.
    pub key: DeviceKey,
    /// What waits to be sent.
    pub outbox: Outbox,
    /// The policy in force.
    pub policies: PolicyStore,
    /// The way to the server.
    pub transport: Transport,
    /// What evaluates.
    pub evaluator: Evaluator,
    /// Where it evaluates.
    pub reading: ReadingThread,
    /// Where every account of the machine reads what was collected and sent.
    pub board: NoticeBoard,
    /// Device events, where they can be heard, and what looks at devices when they come and go.
    pub watching: Option<(Watch, Looker)>,
    /// SHA-256 of the agent's own binary.
    pub agent_digest: Option<Digest>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Why the service cannot run.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ServiceError {
    #[error("this machine is not enrolled: run `bearing-agent enroll` first")]
    NotEnrolled,
    #[error(
        "the enrolment belongs to another key than the one on disk; restore the key, or run `uninstall-clean` and enrol again"
    )]
    OtherKey,
    #[error("state directory")]
    File(#[from] FileError),
    #[error("state directory")]
    Lock(#[from] LockError),
    #[error("device key")]
    Key(#[from] KeyError),
    #[error("what waits to be sent")]
    Outbox(#[from] OutboxError),
    #[error("TLS")]
    Tls(#[from] TlsError),
    #[error("a message cannot be made")]
    Message(#[from] message::MakeError),
}

/// The service while it runs.
pub struct Service {
    parts: Parts,
    devices: Devices,
    record: Record,
    timetable: Timetable,
    backoff: Backoff,
    /// Not before this is anything sent.
    retry_at: Option<Instant>,
    /// Evaluations that are wanted once the running one is done.
    wanted: Option<Wanted>,
    running: Option<(Wanted, oneshot::Receiver<Evaluated>)>,
    /// Fingerprint of the last report's result, and when it was made.
    unchanged: Option<(Digest, Instant)>,
    boot_id: Option<String>,
    last_report: Option<ReportInBrief>,
    hung: Option<Notice>,
    /// Whether it was said that the notice cannot be hung.
    board_failed: bool,
    rounds: Rounds,
    colleagues: Arc<Colleagues>,
    /// Version of a filter that the server has and this machine has not, and when it may be fetched.
    filter_wanted: Option<String>,
    filter_not_before: Option<Instant>,
    trips: TripBook,
    /// Told where somebody announced or withdrew a trip.
    trips_changed: Arc<Notify>,
}

/// Why an evaluation is wanted.
#[derive(Clone, Debug)]
struct Wanted {
    reason: ReportReason,
    challenge: Option<Challenge>,
}

impl Service {
    /// A service that has not begun yet.
    pub fn new(parts: Parts) -> Self {
        let schedule = *parts.policies.in_force().schedule();
        let record = Record::load(&parts.directory);
        let last = LastReport::load(&parts.directory).ok().flatten();
        let devices = Devices::open(
            &parts.directory,
            parts.policies.in_force(),
            last.as_ref().map(|last| last.report.evaluated_at),
            parts.clock.now(),
        );
        Self {
            devices,
            record,
            timetable: Timetable::new(&schedule, Instant::now()),
            backoff: Backoff::default(),
            retry_at: None,
            wanted: None,
            running: None,
            unchanged: None,
            boot_id: None,
            last_report: last.as_ref().map(Into::into),
            hung: None,
            board_failed: false,
            rounds: Rounds::load(&parts.directory, parts.clock.now(), Instant::now()),
            colleagues: Arc::new(Colleagues::load(&parts.directory)),
            filter_wanted: None,
            filter_not_before: None,
            trips: TripBook::open(&parts.directory),
            trips_changed: Arc::new(Notify::new()),
            parts,
        }
    }

    /// Measures round trips at once instead of some time of the day: for tests.
    #[must_use]
    pub fn measuring_at_once(self) -> Self {
        Self { rounds: self.rounds.at_once(Instant::now()), ..self }
    }

    /// Works until `stop` resolves, then says a last word.
    ///
    /// # Errors
    /// Where the state directory can no longer be written; the spool keeps what it has.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), ServiceError> {
        let (devices, clock) = (self.devices.clone(), Arc::clone(&self.parts.clock));
        let desk = self.open_desk();
        let watching = self.parts.watching.take();
        let keep = async {
            match watching {
                Some((watch, looker)) => devices.keep(watch, looker, clock.as_ref()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            done = self.work(stop) => done,
            never = keep => match never {},
            never = desk => match never {},
        }
    }

    /// Where people announce trips. Never resolves; where it cannot be opened, that is said once.
    fn open_desk(&self) -> impl Future<Output = std::convert::Infallible> + use<> {
        #[cfg(unix)]
        let desk = {
            let path = self.parts.board.path().join(SOCKET_FILE);
            let (book, clock) = (self.trips.clone(), Arc::clone(&self.parts.clock));
            let opened = self.parts.board.create().map_err(|failure| failure.to_string()).and_then(|()| {
                Desk::open(&path, book, clock, Arc::clone(&self.trips_changed))
                    .map_err(|failure| failure.to_string())
            });
            opened.inspect_err(|failure| warn!("trips cannot be announced on this machine: {failure}")).ok()
        };
        async move {
            #[cfg(unix)]
            if let Some(desk) = desk {
                return desk.serve().await;
            }
            std::future::pending().await
        }
    }

    async fn work(mut self, stop: impl Future<Output = ()>) -> Result<(), ServiceError> {
        tokio::pin!(stop);
        self.record.started(self.parts.clock.now());
        self.push_checkin(CheckinReason::Starting)?;
        self.want(ReportReason::Start, None);
        loop {
            self.begin_wanted();
            self.note_status();
            if self.may_send() {
                tokio::select! {
                    biased;
                    () = &mut stop => break,
                    done = self.deliver() => done?,
                }
                continue;
            }
            if self.has_errands() {
                tokio::select! {
                    biased;
                    () = &mut stop => break,
                    () = self.do_errands() => {}
                }
                continue;
            }
            let trips_changed = Arc::clone(&self.trips_changed);
            let wake = self.next_wake();
            tokio::select! {
                biased;
                () = &mut stop => break,
                done = finished(&mut self.running) => self.finish_evaluation(done)?,
                () = self.devices.changed() => self.timetable.device_changed(Instant::now()),
                () = trips_changed.notified() => self.tell_trips()?,
                () = tokio::time::sleep_until(wake) => self.on_time()?,
            }
        }
        self.last_word().await
    }

    /// What is due by the clock.
    fn on_time(&mut self) -> Result<(), ServiceError> {
        let now = Instant::now();
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
        }
        if self.timetable.take_settled_device(now) {
            info!("a device came or went: evaluating");
            self.want(ReportReason::DeviceChange, None);
        }
        if self.timetable.evaluation <= now {
            self.timetable.evaluated(&self.schedule(), now);
            self.want(ReportReason::Schedule, None);
        }
        if self.timetable.check_in <= now {
            self.timetable.spoke(&self.schedule(), now);
            self.devices.ask();
            // With messages still waiting, one more heartbeat would tell nobody anything.
            if self.parts.outbox.waiting() == 0 && !self.is_stopped() {
                self.push_checkin(CheckinReason::Unchanged)?;
            }
        }
        Ok(())
    }

    fn schedule(&self) -> bearing_policies::policy::Schedule {
        *self.parts.policies.in_force().schedule()
    }

    fn next_wake(&self) -> Instant {
        let next = self.timetable.next();
        self.retry_at.map_or(next, |at| at.min(next))
    }

    fn is_stopped(&self) -> bool {
        self.record.trouble().is_some_and(|trouble| trouble.ends_sending)
    }

    fn may_send(&self) -> bool {
        self.retry_at.is_none() && !self.is_stopped() && self.parts.outbox.waiting() > 0
    }

    /// Remembers that an evaluation is wanted; a challenge outweighs every other reason.
    fn want(&mut self, reason: ReportReason, challenge: Option<Challenge>) {
        let outweighs = self.wanted.as_ref().is_none_or(|wanted| wanted.challenge.is_none());
        if outweighs {
            self.wanted = Some(Wanted { reason, challenge });
        }
    }

    fn begin_wanted(&mut self) {
        if self.running.is_some() || self.is_stopped() {
            return;
        }
        let Some(wanted) = self.wanted.take() else { return };
        self.timetable.evaluated(&self.schedule(), Instant::now());
        self.devices.ask();
        let now = self.parts.clock.now();
        let beside = Beside {
            colleagues: Arc::clone(&self.colleagues),
            anchors: self.rounds.anchors(self.parts.policies.in_force().anchors(), now),
            ..Beside::default()
        };
        let job = self.parts.evaluator.job(&self.parts, &self.devices, beside, now);
        self.running = Some((wanted, self.parts.reading.run(job)));
    }

    fn finish_evaluation(&mut self, done: Finished) -> Result<(), ServiceError> {
        let (wanted, evaluated) = match done {
            Finished::Done(wanted, evaluated) => (wanted, evaluated),
            Finished::Failed(reason) => {
                error!("the evaluation failed: {reason}; the next one is tried as scheduled");
                return Ok(());
            }
        };
        self.boot_id = evaluated.assessment.facts.boot.id.clone();
        let fingerprint = evaluated.fingerprint();
        let fresh = |(known, at): (Digest, Instant)| known == fingerprint && at.elapsed() < LONGEST_UNCHANGED;
        let nothing_new = self.unchanged.is_some_and(fresh)
            && wanted.challenge.is_none()
            && wanted.reason == ReportReason::Schedule
            && !self.parts.outbox.chain().owes_declaration()
            && self.parts.policies.problems(self.parts.clock.now()).is_empty();
        if nothing_new {
            if self.parts.outbox.waiting() == 0 {
                self.push_checkin(CheckinReason::Unchanged)?;
            }
            return Ok(());
        }
        self.push_report(&wanted, *evaluated)?;
        self.unchanged = Some((fingerprint, Instant::now()));
        Ok(())
    }

    /// Writes what `status` shows, where it changed.
    fn note_status(&mut self) {
        let now = Instant::now();
        let until = self.timetable.evaluation.saturating_duration_since(now);
        let outbox = &self.parts.outbox;
        self.record.note_waiting(outbox.waiting(), outbox.bytes());
        self.record.note_next_evaluation(self.parts.clock.now(), until);
        if let Err(failure) = self.record.save(&self.parts.directory) {
            warn!("{failure}");
        }
        self.hang_notice();
    }

    /// Hangs the local notice, where it changed.
    fn hang_notice(&mut self) {
        let parts = &self.parts;
        let lost = parts.outbox.chain().lost_messages();
        let record = self.record.plain();
        let now = parts.clock.now();
        let trips = self.trips.list();
        let notice =
            Notice::of(&parts.enrolment, &parts.policies, record, lost, self.last_report, trips, now);
        if self.hung.as_ref() == Some(&notice) {
            return;
        }
        match parts.board.hang_notice(&notice) {
            Ok(()) => self.board_failed = false,
            Err(failure) if !self.board_failed => {
                self.board_failed = true;
                warn!("the local notice cannot be written: {failure}");
            }
            Err(_) => {}
        }
        self.hung = Some(notice);
    }

    async fn last_word(mut self) -> Result<(), ServiceError> {
        self.record.stopping(self.parts.clock.now());
        if self.is_stopped() {
            self.note_status();
            return Ok(());
        }
        self.push_checkin(CheckinReason::Stopping)?;
        self.retry_at = None;
        let sent = async {
            while self.may_send() {
                self.deliver().await?;
            }
            Ok::<(), ServiceError>(())
        };
        match tokio::time::timeout(LAST_WORD, sent).await {
            Ok(done) => done?,
            Err(_) => info!("the last word waits in the spool: the server did not answer in time"),
        }
        self.note_status();
        let waiting = self.parts.outbox.waiting();
        info!(waiting, "stopped");
        Ok(())
    }
}

/// What became of an evaluation.
enum Finished {
    Done(Wanted, Box<Evaluated>),
    Failed(String),
}

/// Waits for the running evaluation; for ever where none runs.
async fn finished(running: &mut Option<(Wanted, oneshot::Receiver<Evaluated>)>) -> Finished {
    let Some((_, handle)) = running else { return std::future::pending().await };
    let result = handle.await;
    match (running.take(), result) {
        (Some((wanted, _)), Ok(evaluated)) => Finished::Done(wanted, Box::new(evaluated)),
        _ => Finished::Failed("it ended without a result".to_owned()),
    }
}

/// However little changes, a whole report is due once a day.
const LONGEST_UNCHANGED: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the last word may take.
const LAST_WORD: Duration = Duration::from_secs(5);
