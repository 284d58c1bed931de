//! Accepting connections, a bounded number of them.

use std::{sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use super::connection;
use crate::ingest::TrustedProxies;

/// How long connections may go on after the server was asked to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// How long accepting pauses after an error (out of file descriptors, say).
const PAUSE: Duration = Duration::from_millis(100);

/// A listener with all that its connections need.
pub(super) struct Bound {
    listener: TcpListener,
    tls: TlsAcceptor,
    routes: Router,
    proxies: TrustedProxies,
    connections: Arc<Semaphore>,
}

impl Bound {
    pub(super) fn new(
        listener: TcpListener,
        tls: TlsAcceptor,
        routes: Router,
        proxies: TrustedProxies,
        connections: Arc<Semaphore>,
    ) -> Self {
        Self { listener, tls, routes, proxies, connections }
    }

    /// Accepts until `stop` turns true, then waits for its connections.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let Self { listener, tls, routes, proxies, connections } = self;
        let mut open = JoinSet::new();
        loop {
            while open.try_join_next().is_some() {}
            let slot = tokio::select! {
                slot = connections.clone().acquire_owned() => slot,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Ok(slot) = slot else { break };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    let serving = connection::serve(
                        stream,
                        peer,
                        tls.clone(),
                        routes.clone(),
                        proxies.clone(),
                        stop.clone(),
                    );
                    open.spawn(async move {
                        let _slot = slot;
                        if let Err(error) = serving.await {
                            debug!(peer = %peer, "connection ended: {error}");
                        }
                    });
                }
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(listener);
        let drained = async { while open.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            warn!("connections were cut: they did not end within {} s", DRAIN.as_secs());
        }
    }
}
