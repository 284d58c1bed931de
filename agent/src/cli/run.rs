use std::{process::ExitCode, sync::Arc, time::Duration};

use bearing_host::{
    Root, heard_names, process_watch, sandbox,
    service_notify::{Notifier, State, watchdog_interval},
};
use bearing_protocol::clock::Clock;
use tracing::{info, warn};

#[cfg(windows)]
#[path = "windows_service.rs"]
mod windows_service;

use super::{Failure, runtime, tls_time};
use crate::{
    config::Config,
    enroll::trust_of,
    key::DeviceKey,
    log, own_binary,
    policy_store::PolicyStore,
    service::{Evaluator, Looker, NoticeBoard, Parts, ReadingThread, Service, ServiceError, Watch},
    spool::Outbox,
    state::{Enrolment, StateDirectory},
    transport::{Proxies, Transport},
};

/// `run`: the service.
pub(super) fn run(
    state: &StateDirectory,
    board: NoticeBoard,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<ExitCode, Failure> {
    #[cfg(windows)]
    return windows_service::run(state, board, config, clock);
    #[cfg(not(windows))]
    work(state, board, config, clock)
}

fn work(
    state: &StateDirectory,
    board: NoticeBoard,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<ExitCode, Failure> {
    log::begin()?;
    let agent_digest = own_binary::digest();
    // Before anything that others wrote is read, and before the first thread.
    let confinement = sandbox::confine_service();
    info!("sandbox: {}", confinement.describe());
    let lock = match Enrolment::load(state)? {
        Some(_) => state.lock().map_err(ServiceError::from)?,
        None => return Err(ServiceError::NotEnrolled.into()),
    };
    let enrolment = Enrolment::load(state)?.ok_or(ServiceError::NotEnrolled)?;
    let key = DeviceKey::load(state).map_err(ServiceError::from)?.ok_or(ServiceError::OtherKey)?;
    if key.device_id() != enrolment.device_id {
        return Err(ServiceError::OtherKey.into());
    }
    let outbox = Outbox::open(state, config.spool_limits()).map_err(ServiceError::from)?;
    let policies = PolicyStore::open(state, enrolment.policy_key_set(), enrolment.employee_keys.clone());
    let trust = trust_of(config.tls, &enrolment.ca_pem);
    let time = tls_time(state, &enrolment, &clock);
    let transport = Transport::new(enrolment.server_url.parse()?, &trust, time, Proxies::FromEnvironment)?;
    let mut evaluator = Evaluator::new(Root::live(), policies.in_force(), Arc::clone(&clock));
    match process_watch::watch(Arc::clone(&clock), process_watch::Timing::default()) {
        Ok(mut memory) => {
            if let Err(failure) = heard_names::listen(&mut memory, Arc::clone(&clock)) {
                warn!("names on the local network are not heard: {failure}");
            }
            evaluator = evaluator.with_memory(memory);
        }
        Err(failure) => warn!("programs are not watched between evaluations: {failure}"),
    }
    let reading = ReadingThread::start()?;
    let looker = Looker::new(ReadingThread::start()?, Root::live(), Arc::clone(&clock));
    // From here on: the reading threads live already, and this one writes only where its state is.
    if let Err(failure) = board.create() {
        warn!("the local notice cannot be hung: {failure}");
    }
    let confinement = sandbox::confine_writes(&[state.path(), board.path()]);
    info!("sandbox: {}", confinement.describe());
    let notifier = Notifier::open(std::env::var_os("NOTIFY_SOCKET"))?;
    runtime()?.block_on(async move {
        let parts = Parts {
            directory: state.clone(),
            lock,
            enrolment,
            key,
            outbox,
            policies,
            transport,
            evaluator,
            reading,
            board,
            watching: Some((Watch::open(), looker)),
            agent_digest,
            clock,
        };
        serve(Service::new(parts), &notifier).await
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(service: Service, notifier: &Notifier) -> Result<(), ServiceError> {
    let stop = async {
        stop_signal().await;
        tell(notifier, &State::Stopping);
    };
    tell(notifier, &State::Ready);
    tokio::select! {
        done = service.run(stop) => done,
        () = feed_watchdog(notifier) => Ok(()),
    }
}

/// Resolves when the service manager or a person asks to stop.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
                return;
            }
            Err(error) => warn!("cannot listen for SIGTERM: {error}"),
        }
    }
    #[cfg(windows)]
    tokio::select! {
        () = windows_service::stopped() => return,
        _ = tokio::signal::ctrl_c() => return,
    }
    #[cfg(not(windows))]
    if let Err(error) = tokio::signal::ctrl_c().await {
        warn!("cannot listen for a stop signal: {error}");
        std::future::pending::<()>().await;
    }
}

/// Tells the service manager that the runtime still turns. Never resolves.
async fn feed_watchdog(notifier: &Notifier) {
    let usec = std::env::var("WATCHDOG_USEC").ok();
    let pid = std::env::var("WATCHDOG_PID").ok();
    let Some(interval) = watchdog_interval(usec.as_deref(), pid.as_deref(), std::process::id()) else {
        return std::future::pending().await;
    };
    loop {
        tell(notifier, &State::Watchdog);
        tokio::time::sleep(interval.max(SHORTEST_WATCHDOG)).await;
    }
}

fn tell(notifier: &Notifier, state: &State<'_>) {
    if let Err(error) = notifier.tell(state) {
        warn!("{error}");
    }
}

const SHORTEST_WATCHDOG: Duration = Duration::from_millis(100);
