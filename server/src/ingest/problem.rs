//! Refusals, as `application/problem+json` with the stable codes that agents act on.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bearing_protocol::{
    api::{Problem, problem},
    envelope::EnvelopeError,
};
use bearing_store::{Refusal, StoreError};
use tracing::{error, warn};

/// Seconds until an agent tries again where the store cannot take anything; agents add jitter.
const STORE_RETRY_SECONDS: u64 = 30;

/// A request that was not taken.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    code: &'static str,
    title: String,
    last_sequence: Option<u64>,
    retry_after: Option<u64>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, title: impl Into<String>) -> Self {
        Self { status, code, title: title.into(), last_sequence: None, retry_after: None }
    }

    /// It will never be accepted as it is.
    pub fn malformed(title: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, problem::MALFORMED, title)
    }

    /// A body that names a compression we do not read.
    pub(super) fn encoding() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            problem::MALFORMED,
            "the body's Content-Encoding is not one of identity, gzip, zstd",
        )
    }

    pub(super) fn unknown_device() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, problem::UNKNOWN_DEVICE, "the device is not known: enrol it")
    }

    pub(super) fn revoked() -> Self {
        Self::new(StatusCode::FORBIDDEN, problem::REVOKED_DEVICE, "the device was revoked")
    }

    pub(super) fn pending() -> Self {
        let refused = Self::new(
            StatusCode::FORBIDDEN,
            problem::PENDING_DEVICE,
            "the device waits for an administrator's approval",
        );
        Self { retry_after: Some(60), ..refused }
    }

    pub(super) fn bad_signature(title: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, problem::BAD_SIGNATURE, title)
    }

    pub(super) fn wrong_server() -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, problem::WRONG_SERVER, "the message is for another server")
    }

    pub(super) fn too_large(what: &str, limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            problem::TOO_LARGE,
            format!("{what} is over the limit of {limit}"),
        )
    }

    pub(super) fn slow_down(wait: std::time::Duration) -> Self {
        let refused =
            Self::new(StatusCode::TOO_MANY_REQUESTS, problem::SLOW_DOWN, "too many requests: slow down");
        Self { retry_after: Some(wait.as_secs() + 1), ..refused }
    }

    pub(super) fn unavailable(title: &str) -> Self {
        let refused = Self::new(StatusCode::SERVICE_UNAVAILABLE, problem::UNAVAILABLE, title);
        Self { retry_after: Some(STORE_RETRY_SECONDS), ..refused }
    }

    pub(super) fn bad_token(title: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, problem::BAD_TOKEN, title)
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => {
                error!("the store is full: nothing more is taken until there is space");
                Self::unavailable("the server's disk is full: keep the message and try later")
            }
            error => {
                error!(error = &error as &dyn std::error::Error, "the store refused");
                Self::unavailable("the server cannot commit right now: keep the message and try later")
            }
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownDevice => Self::unknown_device(),
            Refusal::Revoked => Self::revoked(),
            Refusal::Pending => Self::pending(),
            Refusal::Fork { sequence, last } => {
                let title = format!(
                    "message {sequence} was accepted before with other contents: is this device's key in two places?"
                );
                let refused = Self::new(StatusCode::CONFLICT, problem::SEQUENCE, title);
                Self { last_sequence: Some(last), ..refused }
            }
        }
    }
}

impl From<EnvelopeError> for Refused {
    fn from(error: EnvelopeError) -> Self {
        match &error {
            EnvelopeError::WrongType { .. } | EnvelopeError::Base64 | EnvelopeError::Payload { .. } => {
                Self::malformed(chain(&error))
            }
            EnvelopeError::TooLarge => {
                Self::too_large("the payload", bearing_protocol::limits::MAX_PAYLOAD_BYTES)
            }
            EnvelopeError::SignatureCount(_)
            | EnvelopeError::DuplicateKey(_)
            | EnvelopeError::BadSignature(_)
            | EnvelopeError::Threshold { .. } => Self::bad_signature(error.to_string()),
        }
    }
}

/// An error with its causes on one line, for the caller.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    bearing_protocol::text::printable(&text, 300)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        metrics::counter!("bearing_refused_total", "code" => self.code).increment(1);
        if self.status == StatusCode::CONFLICT {
            warn!(code = self.code, "refused: {}", self.title);
        }
        let body = Problem {
            kind: format!("urn:bearing:problem:{}", self.code),
            status: self.status.as_u16(),
            title: self.title,
            detail: None,
            last_sequence: self.last_sequence,
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
