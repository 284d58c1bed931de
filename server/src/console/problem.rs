//! Pages that say why there is nothing else to see.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use bearing_store::{Role, StoreError};

use super::assets;
use crate::{act::ActError, auth::Signed};

/// Seconds after which a store that could not is tried again.
const RETRY_SECONDS: &str = "5";

/// What went wrong, in words, and what to do.
#[derive(Clone, Debug, Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    status: StatusCode,
    title: String,
    text: String,
    back: &'static str,
}

impl ProblemPage {
    fn new(status: StatusCode, title: &str, text: impl Into<String>) -> Self {
        Self { status, title: title.to_owned(), text: text.into(), back: "/" }
    }

    fn css(&self) -> &'static str {
        assets::css_path()
    }

    /// There is no such page.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is nothing here",
            "The address may be mistyped, or what it named was never there.",
        )
    }

    /// The person may not.
    pub fn forbidden(signed: &Signed, needs: Role) -> Self {
        let text = format!(
            "{} is signed in as {}; this needs {}. An administrator can change that under Users.",
            signed.actor.name(),
            signed.actor.role().as_str(),
            needs.as_str()
        );
        Self::new(StatusCode::FORBIDDEN, "Not for this role", text)
    }

    /// The form was sent by another site.
    pub fn foreign_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form did not come from here",
            "A page of another site, or another address of this server, sent it. Nothing was changed. Open the console at its own address and try again.",
        )
    }

    /// The form's token is not the session's.
    pub fn stale_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form is out of date",
            "The page was opened before the session it belongs to. Nothing was changed. Go back, reload the page and send it again.",
        )
    }

    /// The form is larger than forms are.
    pub fn form_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "This form is too large",
            "Nothing was changed. Shorten what was entered and send it again.",
        )
    }

    /// Something that is ours to mend.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here",
            "It is in the server's log. Nothing that was shown as done is lost.",
        )
    }

    /// The store could not.
    pub fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } | StoreError::Full => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The store cannot answer right now",
                format!("{error}. Try again in a moment."),
            ),
            StoreError::Conflict(what) => {
                Self::new(StatusCode::CONFLICT, "That was not possible", what.clone())
            }
            StoreError::Damaged { .. } => {
                tracing::error!(error = error as &dyn std::error::Error, "the store is damaged");
                Self::internal()
            }
        }
    }

    /// What a person wanted was not done.
    pub fn of_act(error: &ActError) -> Self {
        match error {
            ActError::NotFound(what) => {
                Self::new(StatusCode::NOT_FOUND, "There is nothing here", format!("There is no such {what}."))
            }
            ActError::Invalid(what) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That cannot be done", what.clone())
            }
            ActError::Password(error) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That password is not taken", error.to_string())
            }
            ActError::Conflict(what) => Self::new(
                StatusCode::CONFLICT,
                "Somebody was faster",
                format!("{what}. Go back, reload the page and look again."),
            ),
            ActError::Store(error) => Self::of_store(error),
            ActError::Random(_) | ActError::Internal { .. } => {
                tracing::error!(error = error as &dyn std::error::Error, "a change failed");
                Self::internal()
            }
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        vec![Self::not_found(), Self::stale_form(), Self::internal()]
    }
}

impl IntoResponse for ProblemPage {
    fn into_response(self) -> Response {
        let html = self.render().unwrap_or_else(|_| self.title.clone());
        let mut answer = (self.status, Html(html)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
        }
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

impl From<StoreError> for ProblemPage {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error)
    }
}

impl From<ActError> for ProblemPage {
    fn from(error: ActError) -> Self {
        Self::of_act(&error)
    }
}
