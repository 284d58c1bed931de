//! Numbers for a monitoring system, in Prometheus' text format.
//!
//! Always: shown only to who knows the token, or on a listener of their own; no label holds a device's text.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    config,
    files::{FileError, read_text},
};

/// The process' one recorder.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum MetricsError {
    #[error("metrics cannot be set up")]
    Build(#[from] BuildError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the metrics token file is empty")]
    EmptyToken,
}

/// What `/metrics` answers with, and whom.
#[derive(Clone)]
pub struct ServerMetrics {
    handle: PrometheusHandle,
    token_digest: Option<[u8; 32]>,
}

impl ServerMetrics {
    /// Sets metrics up, once a process.
    ///
    /// # Errors
    /// Where the recorder or the token cannot be had.
    pub fn install(config: &config::Metrics) -> Result<Self, MetricsError> {
        let handle = match RECORDER.get() {
            Some(handle) => handle.clone(),
            None => {
                let recorder = PrometheusBuilder::new().build_recorder();
                let handle = recorder.handle();
                // Somebody else's recorder (in tests) stays; ours then shows nothing, which is no failure.
                let _ = metrics::set_global_recorder(recorder);
                RECORDER.get_or_init(|| handle).clone()
            }
        };
        let token_digest = match &config.token_file {
            Some(path) => {
                let token = zeroize::Zeroizing::new(read_text(path)?);
                if token.trim().is_empty() {
                    return Err(MetricsError::EmptyToken);
                }
                Some(Sha256::digest(token.trim().as_bytes()).into())
            }
            None => None,
        };
        Ok(Self { handle, token_digest })
    }

    /// Whether `bearer` is the token that the main listener wants.
    pub(crate) fn admits(&self, bearer: Option<&str>) -> bool {
        match (self.token_digest, bearer) {
            (Some(want), Some(given)) => {
                let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
                bool::from(want.ct_eq(&given))
            }
            _ => false,
        }
    }

    /// The numbers as text.
    pub(crate) fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }
}
