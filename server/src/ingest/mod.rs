//! What agents send: enrolments, check-ins, reports.
//!
//! Always, in this order: what one address may cost, the device the header names, the size on the wire, the
//! size after decompression, the signature, who and whom it is for, what one device may cost, the commit, the
//! acknowledgement. What is charged to an address before the signature holds is given back when it does.

mod body;
mod bucket;
mod checkin;
mod committer;
mod devices;
mod echo;
mod enroll;
mod line;
mod message;
mod neighbours;
mod observation;
mod problem;
mod report;
mod seen;
mod source;
mod standing;
mod trust;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use bearing_protocol::{digest::Digest, id::TokenId, token::trust_digest};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tokio::sync::Semaphore;

use self::{committer::Committer, devices::KnownDevices, neighbours::Neighbours, standing::Standing};
use crate::{app::App, config::Limits};

pub(crate) use bucket::Buckets;
pub use line::Line;
pub(crate) use observation::{address_digest, source_seen};
pub use problem::Refused;
pub use source::{SIMULATED_ADDRESS_HEADER, TrustedProxies};

/// Longest time that reading one body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// How many bodies are decompressed, parsed and verified at once.
const OPENING_AT_ONCE: usize = 4;
/// Most source addresses that are remembered at once.
const MAX_SOURCES: usize = 100_000;
/// Most devices whose quota is remembered at once.
const MAX_QUOTAS: usize = 200_000;
/// Failed proofs of one enrolment token at once, and how many are forgiven each second.
const TOKEN_FAILURES: (u32, f64) = (10, 1.0 / 60.0);

/// Which listener a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The main one: real devices.
    Main,
    /// The demonstration's: simulated devices alone, which say where they are.
    Simulation,
}

/// What ingest works with. Cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    parts: Arc<Parts>,
    entrance: Entrance,
}

struct Parts {
    app: App,
    sources: Buckets<std::net::IpAddr>,
    quotas: Buckets<bearing_protocol::id::DeviceId>,
    token_failures: Buckets<TokenId>,
    devices: KnownDevices,
    standing: Standing,
    neighbours: Neighbours,
    committer: Committer,
    opening: Semaphore,
    trust: Digest,
}

/// The server's CA cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the CA certificate in the data directory cannot be read")]
pub struct CaError(#[source] rustls_pki_types::pem::Error);

impl Ingest {
    /// Ingest for `app`. `committed` is told after each commit, so that jobs are looked for.
    ///
    /// # Errors
    /// Where the CA certificate cannot be read.
    pub fn new(app: App, limits: &Limits, committed: Arc<tokio::sync::Notify>) -> Result<Self, CaError> {
        let ca = CertificateDer::from_pem_slice(app.ca_pem.as_bytes()).map_err(CaError)?;
        let trust = trust_digest(&ca, &app.policy_keys, app.policy_threshold, &app.employee_keys);
        let parts = Parts {
            sources: Buckets::new(limits.source_burst, f64::from(limits.source_per_second), MAX_SOURCES),
            quotas: Buckets::new(limits.device_burst, f64::from(limits.device_per_second), MAX_QUOTAS),
            token_failures: Buckets::new(TOKEN_FAILURES.0, TOKEN_FAILURES.1, MAX_SOURCES),
            devices: KnownDevices::default(),
            standing: Standing::default(),
            neighbours: Neighbours::default(),
            committer: Committer::start(app.store.clone(), committed),
            opening: Semaphore::new(OPENING_AT_ONCE),
            trust,
            app,
        };
        Ok(Self { parts: Arc::new(parts), entrance: Entrance::Main })
    }

    /// The same ingest through another entrance.
    #[must_use]
    pub fn through(&self, entrance: Entrance) -> Self {
        Self { parts: self.parts.clone(), entrance }
    }

    /// The agents' routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/agent/v1/trust", get(trust::trust))
            .route("/agent/v1/enroll", post(enroll::enroll))
            .route("/agent/v1/checkin", post(checkin::checkin))
            .route("/agent/v1/reports", post(report::report))
            .route("/agent/v1/echo", post(echo::echo))
            .route("/agent/v1/neighbours", post(neighbours::neighbours))
            .with_state(self)
    }

    fn app(&self) -> &App {
        &self.parts.app
    }
}
