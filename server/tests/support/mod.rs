//! A whole server over loopback, and an agent that says what it is told to say.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed helper is a failed test"
)]

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use bearing_protocol::{
    Timestamp,
    api::{CheckinRequest, DEVICE_HEADER, EnrollAnswer, EnrollRequest, Problem, ReportRequest},
    clock::{Clock, FixedClock},
    commitment::{Commitment, Disclosure},
    coverage::Source,
    digest::Digest,
    envelope::{Envelope, Payload},
    fact::MachineKind,
    id::{DeviceId, ServerId},
    key::{FileKey, KeyProtection},
    outcome::{Outcome, RuleOutcome},
    payload::{
        CheckinPayload, CheckinReason, CommittedEvidence, CommittedFinding, CommittedItem, EnrollPayload,
        EvidenceText, FindingText, InventoryValue, PlaceItem, ReportPayload, ReportReason,
    },
    report::{DeviceSummary, MachineSummary, OsSummary, PolicySummary},
    severity::{Confidence, Severity},
    token::EnrolmentToken,
};
use bearing_server::{
    act::{self, EnrolmentTokenRequest},
    app::App,
    auth::Actor,
    config::Config,
    init::{InitRequest, init},
    serve::Server,
};
use hmac::{Hmac, Mac as _};
use jiff::SignedDuration;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
};

/// A server that runs.
pub struct Site {
    pub dir: TempDir,
    pub data_dir: PathBuf,
    pub policy_key: PathBuf,
    pub clock: Arc<FixedClock>,
    pub app: App,
    pub address: SocketAddr,
    pub simulation_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The stable problem code.
    pub fn code(&self) -> String {
        let problem: Problem = self.json();
        assert_eq!(problem.status, self.status);
        problem.kind.trim_start_matches("urn:bearing:problem:").to_owned()
    }
}

pub fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// A data directory below `dir`.
pub async fn initialised(dir: &TempDir, clock: Arc<FixedClock>) -> (PathBuf, PathBuf) {
    let (data_dir, policy_key) = (dir.path().join("data"), dir.path().join("policy.key"));
    let request = InitRequest {
        data_dir: data_dir.clone(),
        policy_key_out: policy_key.clone(),
        public_url: "https://bearing.example:8443".to_owned(),
        employee_keys: Vec::new(),
        admin: "admin".to_owned(),
        admin_password: Some("a password for tests".into()),
    };
    init(request, clock).await.unwrap();
    (data_dir, policy_key)
}

impl Site {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(FixedClock::new(now()));
        let (data_dir, policy_key) = initialised(&dir, clock.clone()).await;
        let mut config = Config { data_dir: data_dir.clone(), ..Config::default() };
        config.listen = "127.0.0.1:0".parse().unwrap();
        change(&mut config);
        let server = Server::bind(config, None, clock.clone() as Arc<dyn Clock>).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let (app, address, simulation_address) =
            (server.app.clone(), server.address, server.simulation_address);
        let running = tokio::spawn(server.run(stopped));
        Self { dir, data_dir, policy_key, clock, app, address, simulation_address, stop, running }
    }

    /// Stops it and waits until it has.
    pub async fn stop(self) -> TempDir {
        self.stop.send(true).unwrap();
        self.running.await.unwrap();
        self.dir
    }

    pub async fn token(&self, change: impl FnOnce(&mut EnrolmentTokenRequest)) -> EnrolmentToken {
        let mut request = EnrolmentTokenRequest {
            group: "default".to_owned(),
            max_uses: 100,
            expires_at: now() + SignedDuration::from_hours(24),
            needs_approval: false,
            simulated: false,
        };
        change(&mut request);
        act::create_enrolment_token(&self.app, &Actor::command_line(), request).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.raw(
            self.address,
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
        )
        .await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.post_to(self.address, path, headers, body).await
    }

    pub async fn post_to(&self, to: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        self.raw(to, &bytes).await
    }

    /// Sends bytes over TLS and reads until the end.
    pub async fn raw(&self, to: SocketAddr, request: &[u8]) -> Answer {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.app.ca_pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(to).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream =
            tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let _ = stream.write_all(request).await; // a refusal may come before the body is through
        let _ = stream.flush().await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await; // the server may cut what it refused
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }
}

/// An agent.
pub struct Agent {
    pub key: FileKey,
    pub id: DeviceId,
    pub server: ServerId,
    pub sequence: u64,
    pub previous: Option<Digest>,
}

pub fn os() -> OsSummary {
    OsSummary { family: "linux".to_owned(), name: "Debian GNU/Linux".to_owned(), version: "13".to_owned() }
}

impl Agent {
    pub fn new(n: u8, server: &ServerId) -> Self {
        let key = FileKey::from_seed(&[n; 32].into());
        let id = DeviceId::of_key(key.public().as_bytes());
        Self { key, id, server: server.clone(), sequence: 0, previous: None }
    }

    /// Enrolled with a token of its own.
    pub async fn enrolled(site: &Site, n: u8) -> Self {
        let agent = Self::new(n, &site.app.server);
        let token = site.token(|_| {}).await;
        let answer = site.post("/agent/v1/enroll", &[], &agent.enrolment(&token)).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let answer: EnrollAnswer = answer.json();
        assert_eq!((answer.device_id, answer.pending), (agent.id.clone(), false));
        agent
    }

    pub fn enroll_payload(&self, token: &EnrolmentToken) -> EnrollPayload {
        let hash = hex::encode(Digest::of(token.secret.as_bytes()).as_bytes());
        let mut mac = Hmac::<Sha256>::new_from_slice(hash.as_bytes()).unwrap();
        mac.update(self.id.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(token.trust.to_string().as_bytes());
        EnrollPayload {
            device_id: self.id.clone(),
            public_key: self.key.public(),
            key_protection: KeyProtection::File,
            token: token.id.clone(),
            token_proof: hex::encode(mac.finalize().into_bytes()),
            trust: token.trust,
            device: DeviceSummary {
                hostname: "mallory\u{202e}\u{1b}[31m".to_owned(),
                os: os(),
                machine: MachineSummary { kind: MachineKind::Laptop },
            },
            agent_version: "0.1.0".to_owned(),
            agent_digest: None,
            sent_at: now(),
        }
    }

    pub fn enrolment(&self, token: &EnrolmentToken) -> Vec<u8> {
        let envelope = Envelope::seal(&self.enroll_payload(token), &[&self.key]).unwrap();
        serde_json::to_vec(&EnrollRequest { envelope }).unwrap()
    }

    pub fn seal<T: Payload>(&self, payload: &T) -> Envelope {
        Envelope::seal(payload, &[&self.key]).unwrap()
    }

    /// Takes note of a message that was made, so that the next continues it.
    pub fn advance(&mut self, envelope: &Envelope) {
        self.sequence += 1;
        self.previous = Some(envelope.chain_digest().unwrap());
    }

    pub fn checkin_payload(&self) -> CheckinPayload {
        CheckinPayload {
            server: self.server.clone(),
            device_id: self.id.clone(),
            boot_id: None,
            sequence: self.sequence + 1,
            previous: self.previous,
            reason: CheckinReason::Unchanged,
            last_report: None,
            policy_digest: Digest::of(b""),
            policy_version: 1,
            agent_version: "0.1.0".to_owned(),
            sent_at: now(),
            trips: Vec::new(),
        }
    }

    pub fn checkin(&self) -> Vec<u8> {
        checkin_body(&self.seal(&self.checkin_payload()))
    }

    /// A report with one KVM finding (withheld texts where `disclosures` are dropped) and a time zone.
    pub fn report_payload(&self) -> (ReportPayload, Vec<Disclosure>) {
        let mut disclosures = Vec::new();
        let mut salt = 0_u8;
        let mut commit = |value: serde_json::Value| -> Commitment {
            salt += 1;
            let (commitment, disclosure) = Disclosure::commit(&[salt; 16], &value).unwrap();
            disclosures.push(disclosure);
            commitment
        };
        let hostname = commit(serde_json::json!("laptop-1"));
        let text = commit(
            serde_json::to_value(FindingText {
                title: "PiKVM on usb 1-1".to_owned(),
                subject: "usb:1-1".to_owned(),
                disproof: "Look at the desk.".to_owned(),
                remediation: "Unplug it.".to_owned(),
            })
            .unwrap(),
        );
        let evidence = commit(
            serde_json::to_value(EvidenceText {
                location: "1-1".to_owned(),
                value: "PiKVM Composite Device".to_owned(),
                why: "It says so.".to_owned(),
            })
            .unwrap(),
        );
        let place = commit(
            serde_json::to_value(InventoryValue::Place(PlaceItem {
                time_zone: Some("Asia/Shanghai".to_owned()),
                ..PlaceItem::default()
            }))
            .unwrap(),
        );
        let rule = "KV-01".parse().unwrap();
        let payload = ReportPayload {
            server: self.server.clone(),
            device_id: self.id.clone(),
            boot_id: Some("5f0f".to_owned()),
            sequence: self.sequence + 1,
            previous: self.previous,
            reason: ReportReason::Schedule,
            nonce: None,
            evaluation: None,
            evaluated_at: now(),
            sent_at: now(),
            agent_version: "0.1.0".to_owned(),
            agent_digest: None,
            key_protection: KeyProtection::File,
            os: os(),
            machine: MachineKind::Laptop,
            hostname,
            policy: PolicySummary { name: "default".to_owned(), version: 1, digest: Digest::of(b"") },
            policy_problems: Vec::new(),
            spool_loss: None,
            device_journal: None,
            coverage: Vec::new(),
            outcomes: vec![RuleOutcome { rule, outcome: Outcome::Fail, reason: None }],
            findings: vec![CommittedFinding {
                id: bearing_protocol::id::FindingId::of_cause("KV-01", Some("pikvm"), "usb"),
                rule,
                family: rule.family(),
                severity: Severity::Critical,
                confidence: Confidence::High,
                product: Some("pikvm".to_owned()),
                text,
                evidence: vec![CommittedEvidence {
                    source: Source::Usb,
                    field: "product".to_owned(),
                    rule: None,
                    text: evidence,
                }],
                attack: vec!["T1219.003".to_owned()],
                controls: Vec::new(),
                approval: None,
            }],
            inventory: vec![CommittedItem { source: Source::TimeZone, item: place }],
        };
        (payload, disclosures)
    }

    pub fn report(&self) -> Vec<u8> {
        let (payload, disclosures) = self.report_payload();
        report_body(&self.seal(&payload), disclosures)
    }

    /// Sends a body as this device.
    pub async fn send(&self, site: &Site, path: &str, body: &[u8]) -> Answer {
        site.post(path, &[(DEVICE_HEADER, self.id.as_str())], body).await
    }
}

pub fn checkin_body(envelope: &Envelope) -> Vec<u8> {
    serde_json::to_vec(&CheckinRequest { envelope: envelope.clone() }).unwrap()
}

pub fn report_body(envelope: &Envelope, disclosures: Vec<Disclosure>) -> Vec<u8> {
    serde_json::to_vec(&ReportRequest { envelope: envelope.clone(), disclosures }).unwrap()
}

/// Waits until `holds`, at most ten seconds.
pub async fn wait_until<F, Fut>(what: &str, holds: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = bool>,
{
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
