//! Forms and addresses: what people sent, in the types it is meant in.

use axum::{
    extract::{Form, FromRequest, FromRequestParts, Path, Request},
    http::request::Parts,
    response::{IntoResponse as _, Redirect, Response},
};
use bearing_protocol::Timestamp;
use serde::de::DeserializeOwned;

use super::ProblemPage;
use crate::{act::ActError, app::App};

/// The fields of a form.
pub(super) struct Fields<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Fields<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        match Form::<T>::from_request(request, app).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(error) => {
                let what = format!("the form was not understood: {}", error.body_text());
                Err(ProblemPage::of_act(&ActError::invalid(what)).into_response())
            }
        }
    }
}

/// The ids in an address; one that is no id names nothing.
pub(super) struct Ids<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Ids<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match Path::<T>::from_request_parts(parts, app).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(ProblemPage::not_found().into_response()),
        }
    }
}

/// The end (UTC) of the day that a date field names.
pub(super) fn end_of_day(what: &'static str, date: &str) -> Result<Timestamp, ActError> {
    let wrong = || ActError::invalid(format!("{what}: want a day as in 2026-12-31"));
    let day: jiff::civil::Date = date.trim().parse().map_err(|_| wrong())?;
    let end = day.at(23, 59, 59, 0).to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
    Ok(end.timestamp())
}

/// The day `days` after `now`, as a date field shows it.
pub(super) fn day_after(now: Timestamp, days: i64) -> String {
    let then = now.saturating_add(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(now);
    then.strftime("%Y-%m-%d").to_string()
}

/// Back to a page of ours, with a word about what was done.
pub(super) fn done(path: &str, code: &str) -> Response {
    let joint = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{joint}done={code}")).into_response()
}

/// `path` where it is a page of ours, else the overview: a link never leads elsewhere.
pub(super) fn own_page(path: &str) -> &str {
    let plain = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(['\\', '\r', '\n', '\t'])
        && path.is_ascii();
    if plain { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_nowhere_else() {
        assert_eq!(own_page("/devices?group=a"), "/devices?group=a");
        for path in ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", ""] {
            assert_eq!(own_page(path), "/", "{path}");
        }
    }

    #[test]
    fn a_day_ends_at_its_last_second() {
        assert_eq!(end_of_day("expiry", "2026-12-31").unwrap().to_string(), "2026-12-31T23:59:59Z");
        assert!(end_of_day("expiry", "soon").unwrap_err().to_string().contains("2026-12-31"));
    }
}
