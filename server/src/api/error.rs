//! Problems as programs read them: `application/problem+json` (RFC 9457) with a stable code.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bearing_protocol::api::{Problem, problem};
use bearing_store::{Role, Scope, StoreError};

use crate::act::ActError;

/// Seconds after which a store that could not is tried again.
const RETRY_SECONDS: &str = "5";

/// Why a request was not answered as asked.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    title: String,
    detail: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, title: impl Into<String>) -> Self {
        Self { status, code, title: title.into(), detail: None }
    }

    fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// No token, or none that is believed.
    pub fn unauthenticated(why: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "this needs an API token").with_detail(why)
    }

    /// The token's role is not enough.
    pub fn forbidden(role: Role, needs: Role) -> Self {
        let detail = format!("the token's role is {}, this needs {}", role.as_str(), needs.as_str());
        Self::new(StatusCode::FORBIDDEN, "forbidden", "the token may not do this").with_detail(detail)
    }

    /// The token is for something else.
    pub fn out_of_scope(needs: &[Scope]) -> Self {
        let needs: Vec<&str> = needs.iter().map(|scope| scope.as_str()).collect();
        let detail =
            format!("the token's scopes do not cover this, which needs one of: {}", needs.join(", "));
        Self::new(StatusCode::FORBIDDEN, "out-of-scope", "the token may not do this").with_detail(detail)
    }

    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"))
    }

    /// The request cannot be understood.
    pub fn malformed(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, problem::MALFORMED, "the request was not understood")
            .with_detail(why)
    }

    fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong here")
            .with_detail("it is in the server's log")
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } | StoreError::Full => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, problem::UNAVAILABLE, error.to_string())
                    .with_detail("try again in a moment")
            }
            StoreError::Conflict(what) => Self::new(StatusCode::CONFLICT, "conflict", what),
            StoreError::Damaged { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store is damaged");
                Self::internal()
            }
        }
    }
}

impl From<ActError> for ApiError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::NotFound(what) => Self::not_found(what),
            ActError::Invalid(what) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "that cannot be done")
                    .with_detail(what)
            }
            ActError::Password(error) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "that password is not taken")
                    .with_detail(error.to_string())
            }
            ActError::Conflict(what) => Self::new(StatusCode::CONFLICT, "conflict", what),
            ActError::Store(error) => error.into(),
            ActError::Random(_) | ActError::Internal { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "a change failed");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Problem {
            kind: format!("urn:bearing:problem:{}", self.code),
            status: self.status.as_u16(),
            title: self.title,
            detail: self.detail,
            last_sequence: None,
        };
        let mut answer = (self.status, Json(body)).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}
