//! Talking to the server: HTTPS, one request at a time.
//!
//! Always: TLS by rustls; an answer is read up to a named limit and only then parsed; a redirect is never followed;
//! a refusal is a typed problem with what to do; proxies come from the environment as everywhere.
//! Identity is the key that signed the envelope, never the connection.
//!
//! Before enrolment there is nothing to believe in, so the very first request (`GET /agent/v1/trust`) accepts any
//! certificate and sends nothing. Its answer, the server's CA and the policy keys, is believed only where it digests
//! to what the enrolment token carries ([`bearing_protocol::token::trust_digest`]); whoever sits in the middle can
//! choose neither pin without breaking SHA-256. From then on only the pinned CA counts (or the operating system's
//! store, where the configuration says so).

mod answer;
mod backoff;
mod error;
mod proxy;
mod tls;
mod url;

use std::{
    io::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use bearing_protocol::{
    api::{
        Acknowledgement, CheckinRequest, DEVICE_HEADER, EchoAnswer, EchoRequest, EnrollAnswer, EnrollRequest,
        NeighbourFilter, ReportRequest, TrustAnchors,
    },
    id::DeviceId,
    limits::MAX_BODY_BYTES,
};
use flate2::{Compression, write::GzEncoder};
use reqwest::{Client, ClientBuilder, Method, header, redirect};
use serde::{Serialize, de::DeserializeOwned};

pub use backoff::Backoff;
pub use error::{Next, TransportError};
pub use tls::{TlsError, TlsTime, Trust, ca_der};
pub use url::{ServerUrl, ServerUrlSyntax};

use crate::rounds::Family;

/// A connection to one server.
#[derive(Clone, Debug)]
pub struct Transport {
    client: Client,
    server: ServerUrl,
    tls: rustls::ClientConfig,
    proxies: Proxies,
}

/// Where proxies come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxies {
    /// `HTTPS_PROXY`, `NO_PROXY` and their kin.
    #[default]
    FromEnvironment,
    /// None.
    None,
}

impl Transport {
    /// A connection to `server`, whose certificate must satisfy `trust`.
    ///
    /// # Errors
    /// Where the trust anchors cannot be used.
    pub fn new(
        server: ServerUrl,
        trust: &Trust<'_>,
        time: TlsTime,
        proxies: Proxies,
    ) -> Result<Self, TlsError> {
        let tls = trust.client_config(time)?;
        let mut builder = client(tls.clone()).timeout(REQUEST_TIMEOUT);
        if proxies == Proxies::None {
            builder = builder.no_proxy();
        }
        Ok(Self { client: builder.build().map_err(TlsError::Client)?, server, tls, proxies })
    }

    /// Another connection to the same server, over one address family alone and never through a proxy.
    ///
    /// # Errors
    /// [`TlsError::Client`].
    pub fn over(&self, family: Family) -> Result<Self, TlsError> {
        // Bound to an unspecified address of a family, a socket reaches that family only.
        let own = match family {
            Family::Ipv4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::Ipv6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let builder = client(self.tls.clone()).timeout(SHORT_TIMEOUT).local_address(own).no_proxy();
        let client = builder.build().map_err(TlsError::Client)?;
        Ok(Self { client, server: self.server.clone(), tls: self.tls.clone(), proxies: Proxies::None })
    }

    /// Whether requests to the server go through a proxy that the environment names.
    pub fn is_proxied(&self) -> bool {
        self.proxies == Proxies::FromEnvironment
            && proxy::is_proxied(&self.server.host_and_port(), |name| std::env::var(name).ok())
    }

    /// One step of an echo.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn echo(&self, device: &DeviceId, request: &EchoRequest) -> Result<EchoAnswer, TransportError> {
        self.exchange(Method::POST, "/agent/v1/echo", Some(device), Some(request)).await
    }

    /// The filter of the organisation's own interfaces.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn neighbours(
        &self,
        device: &DeviceId,
        request: &EchoRequest,
    ) -> Result<NeighbourFilter, TransportError> {
        self.exchange(Method::POST, "/agent/v1/neighbours", Some(device), Some(request)).await
    }

    /// What an agent would pin. Believe it only where it digests to what the token says.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn trust_anchors(&self) -> Result<TrustAnchors, TransportError> {
        self.exchange::<(), _>(Method::GET, "/agent/v1/trust", None, None).await
    }

    /// Asks to be enrolled.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn enroll(
        &self,
        device: &DeviceId,
        request: &EnrollRequest,
    ) -> Result<EnrollAnswer, TransportError> {
        self.exchange(Method::POST, "/agent/v1/enroll", Some(device), Some(request)).await
    }

    /// Sends a heartbeat.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn check_in(
        &self,
        device: &DeviceId,
        request: &CheckinRequest,
    ) -> Result<Acknowledgement, TransportError> {
        self.exchange(Method::POST, "/agent/v1/checkin", Some(device), Some(request)).await
    }

    /// Sends a report.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn report(
        &self,
        device: &DeviceId,
        request: &ReportRequest,
    ) -> Result<Acknowledgement, TransportError> {
        self.exchange(Method::POST, "/agent/v1/reports", Some(device), Some(request)).await
    }

    async fn exchange<B: Serialize, A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        device: Option<&DeviceId>,
        body: Option<&B>,
    ) -> Result<A, TransportError> {
        let mut request = self.client.request(method, self.server.join(path));
        if let Some(device) = device {
            request = request.header(DEVICE_HEADER, device.as_str());
        }
        if let Some(body) = body {
            let json = serde_json::to_vec(body).map_err(TransportError::Serialise)?;
            request = request.header(header::CONTENT_TYPE, "application/json");
            request = if json.len() > COMPRESS_ABOVE_BYTES {
                request.header(header::CONTENT_ENCODING, "gzip").body(within_limit(compress(&json)?)?)
            } else {
                request.body(json)
            };
        }
        answer::read(request.send().await.map_err(TransportError::of_request)?).await
    }
}

/// What every connection has in common.
fn client(tls: rustls::ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(1)
        .user_agent(concat!("bearing-agent/", env!("CARGO_PKG_VERSION")))
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>, TransportError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(TransportError::Compress)
}

fn within_limit(body: Vec<u8>) -> Result<Vec<u8>, TransportError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(TransportError::BodyTooLarge { bytes: body.len() });
    }
    Ok(body)
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first byte sent to the last byte read.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The same for what is only measured.
const SHORT_TIMEOUT: Duration = Duration::from_secs(10);
const COMPRESS_ABOVE_BYTES: usize = 1_024;
