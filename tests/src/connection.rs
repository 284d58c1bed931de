//! One keep-alive HTTP/1.1 connection over TLS, cheap enough for a load generator.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where the server is and which CA it must show.
#[derive(Clone)]
pub struct Target {
    host: String,
    port: u16,
    tls: Arc<ClientConfig>,
    /// Sent as `Bearing-Simulated-Address`; only a simulation listener believes it.
    simulated_address: Option<String>,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: Bytes,
    /// Seconds of `Retry-After`, where given.
    pub retry_after: Option<u64>,
}

impl Target {
    /// A server at `https://host:port` whose certificate chains to `ca_pem`.
    pub fn new(url: &str, ca_pem: &str) -> Result<Self> {
        let rest = url.strip_prefix("https://").context("the server's URL must start with https://")?;
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':').unwrap_or((rest, "443"));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
            roots.add(certificate.context("CA certificate is not PEM")?)?;
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let port = port.parse().context("the port in the server's URL is not a number")?;
        Ok(Self { host: host.to_owned(), port, tls: Arc::new(tls), simulated_address: None })
    }

    /// The same server, speaking as if from `address` (demonstration only).
    pub fn from_address(&self, address: &str) -> Self {
        Self { simulated_address: Some(address.to_owned()), ..self.clone() }
    }

    /// Opens a connection.
    pub async fn connect(&self) -> Result<Connection> {
        let tcp = TcpStream::connect((self.host.trim_matches(['[', ']']), self.port))
            .await
            .with_context(|| format!("cannot reach {}:{}", self.host, self.port))?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from(self.host.trim_matches(['[', ']']).to_owned())?;
        let tls = TlsConnector::from(self.tls.clone()).connect(name, tcp).await.context("TLS handshake")?;
        let (sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await?;
        tokio::spawn(driver);
        Ok(Connection { sender, target: self.clone() })
    }
}

/// An open connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    target: Target,
}

impl Connection {
    /// Sends `body` as JSON and reads the whole answer.
    pub async fn post(&mut self, path: &str, device: Option<&str>, body: Vec<u8>) -> Result<Answer> {
        self.request("POST", path, device, body).await
    }

    /// Gets `path`.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.request("GET", path, None, Vec::new()).await
    }

    async fn request(
        &mut self,
        method: &str,
        path: &str,
        device: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", format!("{}:{}", self.target.host, self.target.port));
        if method == "POST" {
            request = request.header("content-type", "application/json");
        }
        if let Some(device) = device {
            request = request.header(bearing_protocol::api::DEVICE_HEADER, device);
        }
        if let Some(address) = &self.target.simulated_address {
            request = request.header("Bearing-Simulated-Address", address);
        }
        if self.sender.ready().await.is_err() {
            bail!("the server closed the connection");
        }
        let response = self.sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body, retry_after })
    }
}
