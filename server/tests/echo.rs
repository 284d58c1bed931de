//! Round trips over real connections: direct, relayed, behind a proxy; and the filter of own interfaces.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed helper is a failed test"
)]

mod support;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bearing_protocol::{
    api::{Acknowledgement, DEVICE_HEADER, EchoAnswer, NeighbourFilter, problem},
    clock::Clock as _,
    payload::{EchoPayload, EchoPurpose, ObservationPayload},
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use serde_json::json;
use support::{Agent, Answer, Site, report_body};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::client::TlsStream;

const ECHO: &str = "/agent/v1/echo";

/// A connection that is kept.
struct Kept(TlsStream<TcpStream>);

impl Kept {
    async fn open(site: &Site, to: SocketAddr) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(site.app.ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(to).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        Self(tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap())
    }

    async fn post(&mut self, path: &str, agent: &Agent, body: &[u8], more: &str) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{DEVICE_HEADER}: {}\r\n{more}\r\n",
            body.len(),
            agent.id
        );
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.0.write_all(&bytes).await.unwrap();
        self.0.flush().await.unwrap();
        let mut read = Vec::new();
        loop {
            let end = read.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head = String::from_utf8(read[..end].to_vec()).unwrap().to_lowercase();
                let length: usize = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.trim().parse().unwrap());
                if read.len() >= end + 4 + length {
                    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                    return Answer { status, head, body: read[end + 4..end + 4 + length].to_vec() };
                }
            }
            let mut chunk = [0; 4096];
            let n = self.0.read(&mut chunk).await.unwrap();
            assert!(n > 0, "the server closed the connection");
            read.extend_from_slice(&chunk[..n]);
        }
    }
}

fn body(agent: &Agent, site: &Site, purpose: EchoPurpose, nonce: Option<String>) -> Vec<u8> {
    let payload = EchoPayload {
        server: agent.server.clone(),
        device_id: agent.id.clone(),
        purpose,
        nonce,
        sent_at: site.clock.now(),
    };
    serde_json::to_vec(&json!({"envelope": agent.seal(&payload)})).unwrap()
}

/// Sends nonces back until the server has enough; how many there were.
async fn measure(site: &Site, agent: &Agent, to: SocketAddr, more: &str) -> u32 {
    let mut line = Kept::open(site, to).await;
    let (mut nonce, mut count) = (None, 0);
    loop {
        let sent = body(agent, site, EchoPurpose::RoundTrip, nonce);
        let answer = line.post(ECHO, agent, &sent, more).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        match answer.json::<EchoAnswer>().nonce {
            None => return count,
            next => nonce = next,
        }
        count += 1;
    }
}

/// Ends connections before the device and passes every piece on `delay` later, both ways.
async fn relay(to: SocketAddr, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(to).await.unwrap();
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(pass(from_client, to_server, delay));
            tokio::spawn(pass(from_server, to_client, delay));
        }
    });
    address
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    delay: Duration,
) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(n) = from.read(&mut chunk).await {
        if n == 0 {
            break;
        }
        // The distance that the relay bridges.
        tokio::time::sleep(delay).await;
        if to.write_all(&chunk[..n]).await.is_err() {
            break;
        }
    }
}

/// Whether the kernel says how far a peer is; elsewhere than on Linux nothing is measured.
const MEASURED: bool = cfg!(target_os = "linux");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_direct_connection_answers_as_fast_as_its_transport() {
    let site = Site::start().await;
    let mut agent = Agent::enrolled(&site, 1).await;
    assert_eq!(measure(&site, &agent, site.address, "").await, 8);
    let trips = site.app.store.round_trips(&agent.id).await.unwrap();
    assert_eq!(trips.is_some(), MEASURED);
    let Some(trips) = trips else { return };
    assert_eq!(trips.samples, 8);
    let gap_ms = (f64::from(trips.application_min_us) - f64::from(trips.tcp_min_us)) / 1_000.0;
    assert!(gap_ms < 40.0, "{trips:?}");
    let runs = site.app.store.sightings(&agent.id, 5).await.unwrap();
    assert_eq!((runs.len(), runs[0].source.family), (1, 4), "the family that was used is remembered");

    // What was measured is signed into the observation of the next report.
    let (payload, disclosures) = agent.report_payload();
    let envelope = agent.seal(&payload);
    let answer = agent.send(&site, "/agent/v1/reports", &report_body(&envelope, disclosures)).await;
    assert_eq!(answer.status, 200);
    agent.advance(&envelope);
    let stored = site.app.store.message(&agent.id, 1).await.unwrap().unwrap();
    let seen: ObservationPayload =
        serde_json::from_slice(&stored.observation.unwrap().body_unverified().unwrap()).unwrap();
    assert_eq!(seen.round_trips, Some(trips));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relayed_connection_is_told_by_the_gap() {
    let site = Site::start().await;
    let agent = Agent::enrolled(&site, 1).await;
    let relay = relay(site.address, Duration::from_millis(40)).await;
    assert_eq!(measure(&site, &agent, relay, "").await, 8);
    let trips = site.app.store.round_trips(&agent.id).await.unwrap();
    assert_eq!(trips.is_some(), MEASURED);
    let Some(trips) = trips else { return };
    let case = json!({"expect": {"countries": ["US"]},
        "obs": [{"family": 4, "country": "US", "class": "residential"}],
        "history": {"observations": 12, "span_hours": 96},
        "rtt": {"cross_layer": {"tcp_ms": f64::from(trips.tcp_min_us) / 1_000.0,
            "app_ms": f64::from(trips.application_min_us) / 1_000.0, "n": trips.samples}}});
    let result = bearing_policies::place::evaluate_places(&case).unwrap().results.remove(0);
    assert_eq!(result.findings, ["geo.relayed_transport"], "{trips:?}");
    assert_eq!(result.verdict, "concealed");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_trusted_proxy_nothing_is_measured() {
    let site = Site::start_with(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let agent = Agent::enrolled(&site, 1).await;
    let asked = measure(&site, &agent, site.address, "X-Forwarded-For: 5.9.10.20\r\n").await;
    assert_eq!(asked, 0, "the socket's peer is the proxy");
    assert_eq!(site.app.store.round_trips(&agent.id).await.unwrap(), None);
    let runs = site.app.store.sightings(&agent.id, 5).await.unwrap();
    assert_eq!(runs[0].source.country.as_deref(), Some("DE"), "the address is still seen");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nonce_is_good_on_its_own_connection_alone() {
    let site = Site::start().await;
    let agent = Agent::enrolled(&site, 1).await;
    let mut one = Kept::open(&site, site.address).await;
    let mut two = Kept::open(&site, site.address).await;
    let begin = body(&agent, &site, EchoPurpose::RoundTrip, None);
    let nonce = one.post(ECHO, &agent, &begin, "").await.json::<EchoAnswer>().nonce;
    let elsewhere = body(&agent, &site, EchoPurpose::RoundTrip, nonce.clone());
    let refused = two.post(ECHO, &agent, &elsewhere, "").await;
    assert_eq!((refused.status, refused.code().as_str()), (400, problem::MALFORMED));
    let other = Agent::enrolled(&site, 2).await;
    let stolen = body(&other, &site, EchoPurpose::RoundTrip, nonce);
    assert_eq!(one.post(ECHO, &other, &stolen, "").await.status, 400);
    let other_purpose = body(&agent, &site, EchoPurpose::Neighbours, None);
    assert_eq!(one.post(ECHO, &agent, &other_purpose, "").await.status, 400);
    site.clock.advance(jiff::SignedDuration::from_secs(0));
    let mut old = EchoPayload {
        server: agent.server.clone(),
        device_id: agent.id.clone(),
        purpose: EchoPurpose::RoundTrip,
        nonce: None,
        sent_at: site.clock.now() - jiff::SignedDuration::from_secs(700),
    };
    let aged = serde_json::to_vec(&json!({"envelope": agent.seal(&old)})).unwrap();
    assert_eq!(one.post(ECHO, &agent, &aged, "").await.status, 400, "a clock that jumped");
    old.sent_at = site.clock.now();
    let unsigned = serde_json::to_vec(&json!({"envelope": other.seal(&old)})).unwrap();
    assert_eq!(one.post(ECHO, &agent, &unsigned, "").await.status, 401);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_filter_is_for_devices_alone() {
    let site = Site::start().await;
    let agent = Agent::enrolled(&site, 1).await;
    let asked = body(&agent, &site, EchoPurpose::Neighbours, None);
    let answer = agent.send(&site, "/agent/v1/neighbours", &asked).await;
    assert_eq!(answer.status, 200);
    let filter: NeighbourFilter = answer.json();
    assert_eq!(filter.version.len(), 16);
    let nobody = site.post("/agent/v1/neighbours", &[], &asked).await;
    assert_eq!(nobody.status, 400, "no device is named");
    let checkin: Acknowledgement = agent.send(&site, "/agent/v1/checkin", &agent.checkin()).await.json();
    assert_eq!(checkin.neighbour_filter, None, "an empty filter is not worth fetching");
    assert_eq!(checkin.place, None, "policy does not show verdicts");
    site.stop().await;
}
