//! One connection: TLS, then HTTP/1.1 or HTTP/2.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{net::TcpStream, sync::watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::ingest::{Line, TrustedProxies};

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and how long an idle connection is kept.
const HEAD: Duration = Duration::from_secs(75);
/// Largest buffer of an HTTP/1.1 connection: the longest head.
const HTTP1_BUFFER: usize = 32 * 1024;
/// Most headers of one request.
const MAX_HEADERS: usize = 64;
/// HTTP/2: streams at once, bytes per stream in flight, bytes of one head.
const HTTP2_STREAMS: u32 = 32;
const HTTP2_WINDOW: u32 = 128 * 1024;
const HTTP2_HEAD: u32 = 16 * 1024;

/// Serves one connection until it ends or `stop` turns true and what was begun is finished.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    tls: TlsAcceptor,
    routes: Router,
    proxies: TrustedProxies,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let line = stream.local_addr().ok().map(|local| Arc::new(Line::new(local, peer)));
    let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await??;
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = addressed(request, peer, &proxies);
        if let Some(line) = &line {
            request.extensions_mut().insert(line.clone());
        }
        routes.clone().oneshot(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HTTP1_BUFFER)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .initial_stream_window_size(HTTP2_WINDOW)
        .max_header_list_size(HTTP2_HEAD)
        .keep_alive_interval(HEAD);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// The request with the address of its client, as far as we trust what says so.
fn addressed(request: hyper::Request<Incoming>, peer: SocketAddr, proxies: &TrustedProxies) -> Request {
    let mut request = request.map(Body::new);
    let client: IpAddr = proxies.client(peer.ip(), request.headers());
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    request
}
