//! The server itself: TLS, routes, jobs, and an end that loses nothing.
//!
//! Always: TLS 1.2 or newer by rustls; what a connection may hold and how long it may dawdle is bounded; on
//! SIGTERM nothing new is taken and what was begun is finished.

mod connection;
mod listener;
mod tcp_info;
mod tls;

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use bearing_protocol::clock::Clock;
use bearing_store_sqlite::SqliteStore;
use tokio::{net::TcpListener, sync::Notify, sync::watch, task::JoinSet};
use tracing::{error, info};

use crate::{
    api,
    app::App,
    certificate::CertificateError,
    config::{Config, ConfigError},
    console, health,
    ingest::{CaError, Entrance, Ingest, TrustedProxies},
    installation::{Installation, InstallationError, refuse_policy_key},
    jobs,
    metrics::{MetricsError, ServerMetrics},
};

pub(crate) use tcp_info::least_round_trip_us;
pub use tls::TlsError;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ServeError {
    #[error(transparent)]
    Installation(#[from] InstallationError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Ca(#[from] CaError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error("cannot listen on {address}: is another server running there?")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the address tables could not be read")]
    Tables(#[source] tokio::task::JoinError),
    #[error("cannot wait for signals")]
    Signal(#[source] io::Error),
    #[error("cannot write to standard output")]
    Print(#[source] io::Error),
}

/// A server that listens and is about to take requests.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its simulation listener listens.
    pub simulation_address: Option<SocketAddr>,
    /// Where its metrics listener listens.
    pub metrics_address: Option<SocketAddr>,
    /// What it works with.
    pub app: App,
    store: SqliteStore,
    config: Config,
    main: listener::Bound,
    simulation: Option<listener::Bound>,
    metrics: Option<TcpListener>,
    server_metrics: ServerMetrics,
    committed: Arc<Notify>,
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listen = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;
    Ok((listener, bound))
}

impl Server {
    /// Reads the data directory and binds the listeners. `config_file` is looked at for the private policy key
    /// beside it.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn bind(
        config: Config,
        config_file: Option<PathBuf>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ServeError> {
        config.check()?;
        let installation = Installation::load(&config.data_dir)?;
        if let Some(parent) = config_file.as_deref().and_then(std::path::Path::parent) {
            refuse_policy_key(parent, &installation.facts)?;
        }
        let tls = tls::acceptor(&config, &installation, clock.now())?;
        let store = installation.open_store_bounded(config.limits.store_bytes).await?;
        let app = installation.app(store.clone(), clock, config.demo);
        let (geo, plugged) = (app.geo.clone(), config.geo.clone());
        tokio::task::spawn_blocking(move || geo.plug_in(&plugged)).await.map_err(ServeError::Tables)?;
        for problem in app.geo.problems() {
            error!("{problem}");
        }
        let server_metrics = ServerMetrics::install(&config.metrics)?;
        let committed = Arc::new(Notify::new());
        let proxies = TrustedProxies::new(config.trusted_proxies.clone());
        let ingest = Ingest::new(app.clone(), &config.limits, committed.clone())?;

        let (main, address) = bind(config.listen).await?;
        let routes = routes(&app, ingest.clone(), &server_metrics);
        let connections = Arc::new(tokio::sync::Semaphore::new(config.limits.connections));
        let main = listener::Bound::new(main, tls.clone(), routes, proxies.clone(), connections.clone());
        let (simulation, simulation_address) = match config.simulation_listen {
            Some(wanted) => {
                let (listener, bound) = bind(wanted).await?;
                let routes = ingest.through(Entrance::Simulation).router();
                (Some(listener::Bound::new(listener, tls, routes, proxies, connections)), Some(bound))
            }
            None => (None, None),
        };
        let (metrics, metrics_address) = match config.metrics.listen {
            Some(wanted) => bind(wanted).await.map(|(listener, bound)| (Some(listener), Some(bound)))?,
            None => (None, None),
        };
        Ok(Self {
            address,
            simulation_address,
            metrics_address,
            app,
            store,
            config,
            main,
            simulation,
            metrics,
            server_metrics,
            committed,
        })
    }

    /// Takes requests until `stop` turns true, then finishes what was begun and closes the store.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        let worker = jobs::Worker::new(self.app.clone(), self.config.silence, self.committed.clone());
        tasks.spawn(worker.run(stop.clone()));
        let every = Duration::from_secs(self.config.geo.reload_seconds.into());
        tasks.spawn(jobs::watch_tables(self.app.clone(), every, stop.clone()));
        if let Some(listener) = self.metrics {
            tasks.spawn(health::serve_metrics(listener, self.server_metrics.clone(), stop.clone()));
        }
        if let Some(simulation) = self.simulation {
            tasks.spawn(simulation.run(stop.clone()));
        }
        tasks.spawn(self.main.run(stop));
        while let Some(ended) = tasks.join_next().await {
            if let Err(failed) = ended {
                error!(error = &failed as &dyn std::error::Error, "a part of the server ended early");
            }
        }
        self.store.close().await;
        info!("stopped");
    }
}

/// Every route of the main listener.
fn routes(app: &App, ingest: Ingest, metrics: &ServerMetrics) -> Router {
    let people = console::router().fallback(console::not_found).with_state(app.clone());
    Router::new()
        .merge(ingest.router())
        .merge(health::router(app.clone(), metrics.clone()))
        .merge(api::router().with_state(app.clone()))
        .merge(crate::scim::router().with_state(app.clone()))
        .fallback_service(people)
}

/// Runs a server until SIGTERM or Ctrl-C, printing where it listens.
///
/// # Errors
/// What stands in the way of starting.
pub async fn serve(
    config: Config,
    config_file: Option<PathBuf>,
    clock: Arc<dyn Clock>,
) -> Result<(), ServeError> {
    let server = Server::bind(config, config_file, clock).await?;
    let mut lines = format!("listening on https://{}\n", server.address);
    if let Some(address) = server.simulation_address {
        lines.push_str(&format!("simulation listening on https://{address}\n"));
    }
    if let Some(address) = server.metrics_address {
        lines.push_str(&format!("metrics listening on http://{address}\n"));
    }
    let mut out = io::stdout().lock();
    out.write_all(lines.as_bytes()).and_then(|()| out.flush()).map_err(ServeError::Print)?;
    drop(out);
    info!(address = %server.address, demo = server.app.demo, "listening");
    let (stopping, stop) = watch::channel(false);
    let signals = Signals::new().map_err(ServeError::Signal)?;
    let running = tokio::spawn(server.run(stop));
    signals.wait().await;
    info!("stopping");
    let _ = stopping.send(true);
    let _ = running.await;
    Ok(())
}

/// The signals that ask the server to stop.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    pub(crate) async fn wait(self) {
        #[cfg(unix)]
        {
            let mut terminate = self.terminate;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
