use std::{io, time::Duration};

use bearing_protocol::{api::problem, limits::MAX_BODY_BYTES};

/// Why an exchange with the server failed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TransportError {
    #[error("the server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the server did not answer in time")]
    TimedOut,
    #[error("the server's answer was cut off")]
    CutOff(#[source] reqwest::Error),
    #[error("the server's answer is longer than {limit} bytes")]
    AnswerTooLarge { limit: usize },
    #[error("the server's answer is not what was asked for")]
    Malformed(#[source] serde_json::Error),
    #[error("the server refused ({status}{}): {title}{}", code_of(.code), detail_of(.detail.as_deref()))]
    Refused {
        status: u16,
        code: String,
        title: String,
        detail: Option<String>,
        last_sequence: Option<u64>,
        retry_after: Option<Duration>,
    },
    #[error("a message of {bytes} bytes is larger than the limit of {MAX_BODY_BYTES}")]
    BodyTooLarge { bytes: usize },
    #[error("a message cannot be written as JSON")]
    Serialise(#[source] serde_json::Error),
    #[error("a message cannot be compressed")]
    Compress(#[source] io::Error),
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again later; not before this, where the server said when.
    Retry(Option<Duration>),
    /// The device waits for an administrator: try again slowly.
    Pending,
    /// This message will never be accepted; the next one may.
    Skip,
    /// Nothing will be accepted until a person acts.
    Stop,
}

impl TransportError {
    pub(super) fn of_request(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Unreachable(error.without_url()) }
    }

    pub(super) fn of_answer(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::CutOff(error.without_url()) }
    }

    /// The problem's stable code, where the server gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } if !code.is_empty() => Some(code),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn next(&self) -> Next {
        let Self::Refused { code, retry_after, .. } = self else {
            return match self {
                Self::BodyTooLarge { .. } | Self::Serialise(_) => Next::Skip,
                _ => Next::Retry(None),
            };
        };
        match code.as_str() {
            problem::PENDING_DEVICE => Next::Pending,
            problem::TOO_LARGE | problem::MALFORMED => Next::Skip,
            problem::REVOKED_DEVICE
            | problem::UNKNOWN_DEVICE
            | problem::SEQUENCE
            | problem::WRONG_SERVER
            | problem::BAD_SIGNATURE
            | problem::BAD_TOKEN => Next::Stop,
            _ => Next::Retry(*retry_after),
        }
    }
}

fn code_of(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(", {code}") }
}

fn detail_of(detail: Option<&str>) -> String {
    detail.map(|detail| format!(": {detail}")).unwrap_or_default()
}
