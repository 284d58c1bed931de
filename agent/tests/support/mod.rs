//! A server of a few lines on loopback, with a CA of its own: what it answers is decided by each test.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::{
    collections::VecDeque,
    io::Read as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use bearing_agent::{
    enroll::{Request, enroll},
    key::DeviceKey,
    policy_store::PolicyStore,
    service::{Evaluator, Looker, NoticeBoard, Parts, ReadingThread, Service, ServiceError, Watch},
    spool::{Outbox, SpoolLimits},
    state::{Enrolment, StateDirectory, TlsTrust},
    transport::{Proxies, ServerUrl, TlsTime, Transport, Trust},
};
use bearing_host::Root;
use bearing_policies::Policy;
use bearing_protocol::{
    Timestamp,
    api::{
        Acknowledgement, CheckinRequest, EchoAnswer, EchoRequest, EnrollAnswer, EnrollRequest,
        NeighbourFilter, Problem, ReportRequest, TrustAnchors,
    },
    clock::FixedClock,
    digest::Digest,
    envelope::Envelope,
    fact::MachineKind,
    id::ServerId,
    key::{FileKey, KeySet, PublicKey, Signer},
    payload::{CheckinPayload, EchoPayload, EnrollPayload, PolicyPayload, ReportPayload},
    report::{DeviceSummary, MachineSummary, OsSummary},
    token::{EnrolmentToken, trust_digest},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig, crypto,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// What the server answers instead of its ordinary answer.
#[derive(Clone, Debug)]
pub enum Instead {
    /// An error.
    Problem { status: u16, code: &'static str, retry_after: Option<u32> },
    /// The ordinary answer, cut off after so many bytes of its body; the message was taken.
    Cut(usize),
    /// The ordinary answer with something in it.
    With(Box<Acknowledgement>),
}

/// A message that the server took or was offered.
#[derive(Clone, Debug)]
pub enum Taken {
    Checkin(CheckinPayload),
    Report(Box<ReportPayload>, ReportRequest),
}

impl Taken {
    pub fn sequence(&self) -> u64 {
        match self {
            Self::Checkin(payload) => payload.sequence,
            Self::Report(payload, _) => payload.sequence,
        }
    }
}

#[derive(Default)]
pub struct Seen {
    pub requests: Vec<String>,
    pub device: Option<PublicKey>,
    pub enrolled: Option<EnrollPayload>,
    pub offered: Vec<u64>,
    pub taken: Vec<Taken>,
    pub instead: VecDeque<Instead>,
    /// Echoes, each with the connection it came by (the peer's address and port).
    pub echoes: Vec<(std::net::SocketAddr, EchoPayload)>,
    /// How many nonces an echo's connection gets.
    pub nonces: usize,
    pub filter: Option<NeighbourFilter>,
    last: Option<Digest>,
}

pub struct FakeServer {
    pub url: ServerUrl,
    pub ca_pem: String,
    pub policy_key: FileKey,
    pub seen: Arc<Mutex<Seen>>,
    pub id: ServerId,
}

pub fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

pub fn key() -> FileKey {
    let key = DeviceKey::ephemeral().unwrap();
    FileKey::from_seed(&key.signer().seed())
}

impl FakeServer {
    /// Listens on a free port of loopback.
    pub async fn start() -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_certificate = ca.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(ca, ca_key);
        let params =
            CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec()).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.der().to_vec())],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let policy_key = self::key();
        let server = Self {
            url: format!("https://localhost:{port}").parse().unwrap(),
            ca_pem: ca_certificate.pem(),
            seen: Arc::default(),
            id: ServerId::from_bytes(&[9; 16]),
            policy_key,
        };
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let handler = Handler {
            seen: Arc::clone(&server.seen),
            anchors: server.anchors(),
            id: server.id.clone(),
            evidence: self::key().public(),
        };
        let mut listeners = vec![listener];
        // Where the machine has IPv6, the same port of its loopback.
        listeners.extend(TcpListener::bind(("::1", port)).await.ok());
        for listener in listeners {
            let (acceptor, handler) = (acceptor.clone(), handler.clone());
            tokio::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (acceptor, handler) = (acceptor.clone(), handler.clone());
                    tokio::spawn(async move { handler.serve(acceptor, stream).await });
                }
            });
        }
        server
    }

    pub fn anchors(&self) -> TrustAnchors {
        TrustAnchors {
            ca_pem: self.ca_pem.clone(),
            policy_keys: vec![self.policy_key.public()],
            policy_threshold: 1,
            employee_keys: Vec::new(),
        }
    }

    /// A token that names this server's pins.
    pub fn token(&self) -> EnrolmentToken {
        let ca = bearing_agent::transport::ca_der(&self.ca_pem).unwrap();
        let trust = trust_digest(&ca, &[self.policy_key.public()], 1, &[]);
        format!("tok_t.{}.{}", "ab".repeat(32), hex::encode(trust.as_bytes())).parse().unwrap()
    }

    pub fn instead(&self, instead: Instead) {
        self.seen.lock().unwrap().instead.push_back(instead);
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.seen.lock().unwrap().taken.clone()
    }

    pub fn policy(&self, toml: &str, signer: &dyn Signer) -> Envelope {
        let policy = Policy::from_toml(toml).unwrap();
        let payload = PolicyPayload {
            name: policy.name().into(),
            version: policy.version(),
            issued_at: now(),
            expires_at: "2027-01-01T00:00:00Z".parse().unwrap(),
            widens_collection: false,
            policy: policy.to_json(),
        };
        Envelope::seal(&payload, &[signer]).unwrap()
    }

    /// An acknowledgement to put something into; its sequence is filled in.
    pub fn acknowledgement() -> Acknowledgement {
        Acknowledgement {
            sequence: 0,
            duplicate: false,
            server_time: now(),
            challenge: None,
            policy: None,
            neighbour_filter: None,
            place: None,
        }
    }
}

#[derive(Clone)]
struct Handler {
    seen: Arc<Mutex<Seen>>,
    anchors: TrustAnchors,
    id: ServerId,
    evidence: PublicKey,
}

struct Answer {
    status: u16,
    retry_after: Option<u32>,
    body: Vec<u8>,
    cut: Option<usize>,
}

impl Answer {
    fn json<T: serde::Serialize>(value: &T) -> Self {
        Self { status: 200, retry_after: None, body: serde_json::to_vec(value).unwrap(), cut: None }
    }

    fn problem(status: u16, code: &str, retry_after: Option<u32>) -> Self {
        let problem = Problem {
            kind: format!("urn:bearing:problem:{code}"),
            status,
            title: format!("refused: {code}"),
            detail: None,
            last_sequence: None,
        };
        Self { status, retry_after, body: serde_json::to_vec(&problem).unwrap(), cut: None }
    }
}

impl Handler {
    async fn serve(self, acceptor: TlsAcceptor, stream: TcpStream) {
        let peer = stream.peer_addr().unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        while self.serve_request(&mut stream, peer).await {}
        let _ = stream.shutdown().await;
    }

    /// Whether the connection stays open.
    async fn serve_request(
        &self,
        stream: &mut tokio_rustls::server::TlsStream<TcpStream>,
        peer: std::net::SocketAddr,
    ) -> bool {
        let mut request = Vec::new();
        let head = loop {
            let mut chunk = [0; 4096];
            let Ok(length) = stream.read(&mut chunk).await else { return false };
            if length == 0 {
                return false;
            }
            request.extend_from_slice(&chunk[..length]);
            if let Some(end) = request.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = String::from_utf8(request[..head].to_vec()).unwrap().to_lowercase();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let length: usize = header("content-length:").map_or(0, |value| value.parse().unwrap());
        let mut body = request[head..].to_vec();
        while body.len() < length {
            let mut chunk = [0; 65_536];
            let read = stream.read(&mut chunk).await.unwrap();
            assert!(read > 0, "the body is cut off");
            body.extend_from_slice(&chunk[..read]);
        }
        if header("content-encoding:") == Some("gzip") {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut plain).unwrap();
            body = plain;
        }
        let path = text.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let answer = self.answer(&path, header("bearing-device:"), &body, peer);
        let stays = path == "post /agent/v1/echo";
        let connection = if stays { "keep-alive" } else { "close" };
        let retry = answer.retry_after.map(|s| format!("retry-after: {s}\r\n")).unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{retry}connection: {connection}\r\n\r\n",
            answer.status,
            answer.body.len()
        );
        let shown = answer.cut.map_or(answer.body.as_slice(), |cut| &answer.body[..cut]);
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(shown).await;
        stays
    }

    fn answer(&self, path: &str, device: Option<&str>, body: &[u8], peer: std::net::SocketAddr) -> Answer {
        let mut seen = self.seen.lock().unwrap();
        seen.requests.push(path.to_owned());
        if path == "get /agent/v1/trust" {
            assert!(body.is_empty() && device.is_none(), "nothing is sent before trust");
            return Answer::json(&self.anchors);
        }
        let instead = seen.instead.pop_front();
        if path == "post /agent/v1/enroll" {
            if let Some(Instead::Problem { status, code, retry_after }) = instead {
                return Answer::problem(status, code, retry_after);
            }
            let request: EnrollRequest = serde_json::from_slice(body).unwrap();
            return self.enroll(&mut seen, &request);
        }
        let key = KeySet::single(seen.device.expect("enrolled before"));
        if path == "post /agent/v1/echo" || path == "post /agent/v1/neighbours" {
            let request: EchoRequest = serde_json::from_slice(body).unwrap();
            let payload = request.envelope.open::<EchoPayload>(&key).unwrap().into_inner();
            if path.ends_with("neighbours") {
                return seen.filter.as_ref().map_or_else(|| Answer::problem(404, "none", None), Answer::json);
            }
            seen.echoes.push((peer, payload));
            let so_far = seen.echoes.iter().filter(|(from, _)| *from == peer).count();
            let nonce = (so_far <= seen.nonces).then(|| format!("nonce-{so_far}"));
            return Answer::json(&EchoAnswer { nonce });
        }
        let taken = match path {
            "post /agent/v1/checkin" => {
                let request: CheckinRequest = serde_json::from_slice(body).unwrap();
                let opened = request.envelope.open::<CheckinPayload>(&key).unwrap();
                let digest = opened.chain_digest();
                (Taken::Checkin(opened.clone().into_inner()), opened.previous, digest)
            }
            "post /agent/v1/reports" => {
                let request: ReportRequest = serde_json::from_slice(body).unwrap();
                let opened = request.envelope.open::<ReportPayload>(&key).unwrap();
                let digest = opened.chain_digest();
                let previous = opened.previous;
                (Taken::Report(Box::new(opened.into_inner()), request), previous, digest)
            }
            other => panic!("unexpected request {other}"),
        };
        let (message, previous, digest) = taken;
        seen.offered.push(message.sequence());
        if let Some(Instead::Problem { status, code, retry_after }) = instead {
            return Answer::problem(status, code, retry_after);
        }
        let known = seen.taken.iter().any(|taken| taken.sequence() == message.sequence());
        let mut acknowledgement = FakeServer::acknowledgement();
        acknowledgement.sequence = message.sequence();
        acknowledgement.duplicate = known;
        if !known {
            assert_eq!(message.sequence(), seen.taken.len() as u64 + 1, "no gap");
            assert_eq!(previous, seen.last, "chained to the one before");
            seen.last = Some(digest);
            seen.taken.push(message);
        }
        if let Some(Instead::With(with)) = &instead {
            acknowledgement.challenge.clone_from(&with.challenge);
            acknowledgement.policy.clone_from(&with.policy);
            acknowledgement.neighbour_filter.clone_from(&with.neighbour_filter);
            acknowledgement.place.clone_from(&with.place);
        }
        let mut answer = Answer::json(&acknowledgement);
        if let Some(Instead::Cut(length)) = instead {
            answer.cut = Some(length);
        }
        answer
    }

    fn enroll(&self, seen: &mut Seen, request: &EnrollRequest) -> Answer {
        let body = request.envelope.body_unverified().unwrap();
        let payload: EnrollPayload = serde_json::from_slice(&body).unwrap();
        let payload =
            request.envelope.open::<EnrollPayload>(&KeySet::single(payload.public_key)).unwrap().into_inner();
        seen.device = Some(payload.public_key);
        let answer = EnrollAnswer {
            device_id: payload.device_id.clone(),
            pending: false,
            server: self.id.clone(),
            evidence_key: self.evidence,
            tenant_key_id: "t1".into(),
            tenant_key: "0c".repeat(32),
            policy: None,
            server_time: now(),
        };
        seen.enrolled = Some(payload);
        Answer::json(&answer)
    }
}

/// A machine: a state directory and a copy of a machine's files.
pub struct Machine {
    pub temporary: tempfile::TempDir,
    pub directory: StateDirectory,
    pub clock: Arc<FixedClock>,
}

impl Machine {
    pub fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("root");
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::write(root.join("etc/hostname"), "desk-1\n").unwrap();
        std::fs::write(root.join("etc/os-release"), "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n")
            .unwrap();
        let directory = StateDirectory::new(temporary.path().join("state"));
        directory.create().unwrap();
        Self { temporary, directory, clock: Arc::new(FixedClock::new(now())) }
    }

    pub fn request<'a>(&'a self, server: &'a FakeServer, token: &'a EnrolmentToken) -> Request<'a> {
        Request {
            directory: &self.directory,
            server: &server.url,
            token,
            ca_pem: None,
            tls: TlsTrust::PinnedCa,
            proxies: Proxies::None,
            device: DeviceSummary {
                hostname: "desk-1".into(),
                os: OsSummary::default(),
                machine: MachineSummary { kind: MachineKind::Laptop },
            },
            agent_digest: None,
            clock: self.clock.clone(),
        }
    }

    pub async fn enroll(&self, server: &FakeServer) {
        let token = server.token();
        enroll(self.request(server, &token)).await.unwrap();
    }

    pub fn service(&self) -> Service {
        self.service_with(Watch::deaf())
    }

    pub fn service_with(&self, watch: Watch) -> Service {
        let enrolment = Enrolment::load(&self.directory).unwrap().unwrap();
        let root = Root::sysroot(&self.temporary.path().join("root")).unwrap();
        let policies =
            PolicyStore::open(&self.directory, enrolment.policy_key_set(), enrolment.employee_keys.clone());
        let transport = Transport::new(
            enrolment.server_url.parse().unwrap(),
            &Trust::Ca(&enrolment.ca_pem),
            TlsTime::new(self.clock.clone(), enrolment.enrolled_at),
            Proxies::None,
        )
        .unwrap();
        let looker = Looker::new(ReadingThread::start().unwrap(), root.clone(), self.clock.clone());
        Service::new(Parts {
            directory: self.directory.clone(),
            lock: self.directory.lock().unwrap(),
            key: DeviceKey::load(&self.directory).unwrap().unwrap(),
            outbox: Outbox::open(&self.directory, SpoolLimits::default()).unwrap(),
            evaluator: Evaluator::new(root, policies.in_force(), self.clock.clone()),
            policies,
            reading: ReadingThread::start().unwrap(),
            transport,
            board: NoticeBoard::new(self.temporary.path().join("notice")),
            watching: Some((watch, looker)),
            agent_digest: None,
            clock: self.clock.clone(),
            enrolment,
        })
    }

    pub fn outbox(&self) -> Outbox {
        Outbox::open(&self.directory, SpoolLimits::default()).unwrap()
    }

    /// Runs the service until `done` holds, stops it, and gives what it ended with.
    pub async fn run_until(&self, done: impl Fn() -> bool) -> Result<(), ServiceError> {
        let stop = async {
            let begun = std::time::Instant::now();
            while !done() {
                assert!(begun.elapsed() < LONGEST_WAIT, "waited too long");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        self.service().run(stop).await
    }
}

/// A test fails rather than hangs.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
