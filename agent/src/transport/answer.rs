//! Reading an answer: bounded, then parsed; a refusal becomes a typed error.

use std::time::Duration;

use bearing_protocol::{api::Problem, limits::MAX_INFLATED_BYTES, text::printable};
use reqwest::{Response, StatusCode, header};
use serde::de::DeserializeOwned;

use super::TransportError;

/// The answer's body as `A`, where the server agreed.
pub(super) async fn read<A: DeserializeOwned>(response: Response) -> Result<A, TransportError> {
    let status = response.status();
    if status.is_success() {
        let body = read_at_most(response, MAX_ANSWER_BYTES).await?;
        return serde_json::from_slice(&body).map_err(TransportError::Malformed);
    }
    let retry_after = retry_after(&response);
    let body = read_at_most(response, MAX_PROBLEM_BYTES).await.unwrap_or_default();
    Err(refusal(status, &body, retry_after))
}

/// The body, where it is not longer than `limit` bytes; nothing beyond the limit is kept.
async fn read_at_most(mut response: Response, limit: usize) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(TransportError::of_answer)? {
        if body.len() + chunk.len() > limit {
            return Err(TransportError::AnswerTooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Seconds in `Retry-After` (RFC 9110 section 10.2.3). A date is not understood and counts as absent: the agent's
/// clock may be hours off.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

fn refusal(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> TransportError {
    let problem: Option<Problem> = serde_json::from_slice(body).ok();
    let code =
        problem.as_ref().and_then(|problem| problem.kind.strip_prefix(PROBLEM_PREFIX)).unwrap_or_default();
    TransportError::Refused {
        status: status.as_u16(),
        code: printable(code, MAX_SHOWN_CHARS),
        title: problem.as_ref().map(|p| printable(&p.title, MAX_SHOWN_CHARS)).unwrap_or_default(),
        detail: problem
            .as_ref()
            .and_then(|p| p.detail.as_deref())
            .map(|detail| printable(detail, MAX_SHOWN_CHARS)),
        last_sequence: problem.and_then(|problem| problem.last_sequence),
        retry_after,
    }
}

const PROBLEM_PREFIX: &str = "urn:bearing:problem:";
/// An answer may carry a whole policy.
const MAX_ANSWER_BYTES: usize = MAX_INFLATED_BYTES;
const MAX_PROBLEM_BYTES: usize = 64 * 1024;
const MAX_SHOWN_CHARS: usize = 500;
