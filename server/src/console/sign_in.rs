//! Signing in and out.

use askama::Template;
use axum::{
    extract::Query,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    ProblemPage, assets,
    form::{Fields, own_page},
    frame::{THEME_COOKIE, Theme, page},
};
use crate::{
    act,
    app::App,
    auth::{
        Actor, FORM_COOKIE, Peer, SESSION_COOKIE, SESSION_HOURS, SignInError, cookie, end_session,
        expired_cookie, random_hex, set_cookie, sign_in,
    },
};

/// Seconds the sign-in form may lie open.
const FORM_SECONDS: u64 = 3_600;

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage {
    theme: Theme,
    csrf: String,
    next: String,
    name: String,
    problem: Option<String>,
}

impl SignInPage {
    fn css(&self) -> &'static str {
        assets::css_path()
    }

    fn of(theme: Theme, csrf: &str, next: &str, name: &str, problem: Option<String>) -> Self {
        let name: String = name.chars().take(act::MAX_NAME_CHARS).collect();
        Self {
            theme,
            csrf: csrf.to_owned(),
            next: own_page(next).to_owned(),
            name: super::view::shown(&name),
            problem,
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        let hostile = super::samples::HOSTILE;
        let problem = Some("Name and password do not fit.".to_owned());
        vec![
            Self::of(Theme::System, "0123", "/devices", "", None),
            Self::of(Theme::Dark, "0123", hostile, hostile, problem),
        ]
    }
}

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

pub(super) async fn show(Query(query): Query<Next>, headers: HeaderMap) -> Response {
    form(&headers, &query.next, "", None, StatusCode::OK)
}

pub(super) async fn submit(
    axum::extract::State(app): axum::extract::State<App>,
    Peer(address): Peer,
    headers: HeaderMap,
    Fields(sent): Fields<Credentials>,
) -> Response {
    match sign_in(&app, &sent.name, sent.password.expose_secret(), &address).await {
        Ok(value) => {
            let mut answer = Redirect::to(own_page(&sent.next)).into_response();
            let seconds = SESSION_HOURS.unsigned_abs() * 3_600;
            let cookies = [set_cookie(SESSION_COOKIE, &value, seconds), expired_cookie(FORM_COOKIE)];
            for cookie in cookies.into_iter().flatten() {
                answer.headers_mut().append(header::SET_COOKIE, cookie);
            }
            answer
        }
        Err(error @ SignInError::Wrong) => again(&headers, &sent, &error, StatusCode::UNAUTHORIZED),
        Err(error @ SignInError::Throttled) => again(&headers, &sent, &error, StatusCode::TOO_MANY_REQUESTS),
        Err(SignInError::Store(error)) => ProblemPage::of_store(&error).into_response(),
        Err(error @ SignInError::Random(_)) => {
            tracing::error!(%error, "nobody can sign in");
            ProblemPage::internal().into_response()
        }
    }
}

pub(super) async fn leave(
    axum::extract::State(app): axum::extract::State<App>,
    actor: Actor,
    headers: HeaderMap,
) -> Result<Response, ProblemPage> {
    act::note(&app, actor.name(), "user.sign_out", actor.name(), serde_json::json!({})).await?;
    end_session(&app, &headers).await?;
    let mut answer = Redirect::to("/sign-in").into_response();
    if let Some(cookie) = expired_cookie(SESSION_COOKIE) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

fn again(headers: &HeaderMap, sent: &Credentials, error: &SignInError, status: StatusCode) -> Response {
    let said = error.to_string();
    let mut letters = said.chars();
    let said = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
    form(headers, &sent.next, &sent.name, said.map(|said| format!("{said}.")), status)
}

/// The form, with a token of its own: there is no session yet that could give one.
fn form(
    headers: &HeaderMap,
    next: &str,
    name: &str,
    problem: Option<String>,
    status: StatusCode,
) -> Response {
    let csrf = match cookie(headers, FORM_COOKIE).filter(|value| value.len() == 64) {
        Some(value) if value.bytes().all(|b| b.is_ascii_hexdigit()) => value,
        _ => match random_hex() {
            Ok(value) => value,
            Err(error) => {
                tracing::error!(%error, "nobody can sign in");
                return ProblemPage::internal().into_response();
            }
        },
    };
    let theme = Theme::parse(cookie(headers, THEME_COOKIE).as_deref().unwrap_or_default());
    let shown = SignInPage::of(theme, &csrf, next, name, problem);
    let mut answer = page(&shown);
    *answer.status_mut() = status;
    if let Some(cookie) = set_cookie(FORM_COOKIE, &csrf, FORM_SECONDS) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
