//! The guard in front of a handler.
//!
//! Always: the handler runs only after the caller is known and may enter; a form of the console is checked for
//! its origin and its token before anything of it is read further.

use std::{future::Future, net::SocketAddr, pin::Pin};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequestParts, Request},
    handler::Handler,
    http::{Extensions, Method, request::Parts},
    response::{Redirect, Response},
};
use bearing_store::Role;

use super::{
    actor::{Actor, Signed},
    api_token::{self, ApiTokenError},
    cookie::{FORM_COOKIE, cookie},
    csrf::{same_origin, same_text},
    scope::scopes_for,
    session,
};
use crate::{api::ApiError, app::App, console::ProblemPage};

/// Largest form of the console, in bytes.
const MAX_FORM_BYTES: usize = 64 * 1024;
/// The field of a form that repeats the session's token.
const CSRF_FIELD: &str = "csrf";

/// Which door a route lies behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// People with a browser: session cookie, forms.
    Console,
    /// Programs: bearer token, JSON.
    Api,
}

/// Who may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody: sign-in, style sheets.
    Nobody,
    /// Somebody with this role or more.
    Role(Role),
}

/// The address a request came from, as the connection shows it.
#[derive(Clone, Debug)]
pub struct Peer(pub String);

impl Peer {
    fn of(extensions: &Extensions) -> Self {
        let address = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        Self(address.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string()))
    }
}

impl FromRequestParts<App> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions))
    }
}

/// A handler with its guard.
#[derive(Clone)]
pub(super) struct Guarded<H> {
    door: Door,
    needs: Needs,
    inner: H,
}

impl<H> Guarded<H> {
    pub(super) const fn new(door: Door, needs: Needs, inner: H) -> Self {
        Self { door, needs, inner }
    }
}

impl<H, T> Handler<T, App> for Guarded<H>
where
    H: Handler<T, App>,
    T: 'static,
{
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, app: App) -> Self::Future {
        Box::pin(async move {
            let admitted = match self.door {
                Door::Console => enter_console(&app, request, self.needs).await,
                Door::Api => enter_api(&app, request, self.needs).await,
            };
            match admitted {
                Ok(request) => self.inner.call(request, app).await,
                Err(refusal) => *refusal,
            }
        })
    }
}

type Admitted = Result<Request, Box<Response>>;

async fn enter_console(app: &App, mut request: Request, needs: Needs) -> Admitted {
    let signed = match session::of_request(app, request.headers()).await {
        Ok(found) => found.map(|(session, user)| Signed {
            actor: Actor::of_user(&user, &Peer::of(request.extensions()).0),
            csrf: session.csrf,
        }),
        Err(error) => return refuse(ProblemPage::of_store(&error)),
    };
    if let Needs::Role(role) = needs {
        let Some(signed) = &signed else {
            return if request.method() == Method::GET {
                refuse(Redirect::to(&sign_in_path(request.uri().path())))
            } else {
                refuse(Redirect::to("/sign-in"))
            };
        };
        if !signed.actor.may(role) {
            return refuse(ProblemPage::forbidden(signed, role));
        }
    }
    if request.method() != Method::GET {
        let expected = match &signed {
            Some(signed) => Some(signed.csrf.clone()),
            None => cookie(request.headers(), FORM_COOKIE),
        };
        request = check_form(app, request, expected.as_deref()).await?;
    }
    if let Some(signed) = signed {
        request.extensions_mut().insert(signed.actor.clone());
        request.extensions_mut().insert(signed);
    }
    Ok(request)
}

/// Checks origin and token of a form and gives the request back whole.
async fn check_form(app: &App, request: Request, expected: Option<&str>) -> Admitted {
    if !same_origin(request.headers(), request.uri(), &app.public_url) {
        return refuse(ProblemPage::foreign_form());
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_FORM_BYTES).await else {
        return refuse(ProblemPage::form_too_large());
    };
    let mut tokens = form_urlencoded::parse(&bytes).filter(|(key, _)| key == CSRF_FIELD);
    let fits = match (expected, tokens.next(), tokens.next()) {
        (Some(expected), Some((_, sent)), None) => !expected.is_empty() && same_text(expected, &sent),
        _ => false,
    };
    drop(tokens);
    if !fits {
        return refuse(ProblemPage::stale_form());
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

async fn enter_api(app: &App, mut request: Request, needs: Needs) -> Admitted {
    let Needs::Role(role) = needs else { return Ok(request) };
    let address = Peer::of(request.extensions()).0;
    let actor = match api_token::of_request(app, request.headers(), &address).await {
        Ok(actor) => actor,
        Err(ApiTokenError::Store(error)) => return refuse(ApiError::from(error)),
        Err(error) => return refuse(ApiError::unauthenticated(&error.to_string())),
    };
    if !actor.may(role) {
        return refuse(ApiError::forbidden(actor.role(), role));
    }
    let scopes = scopes_for(request.method(), request.uri().path());
    if !actor.is_for(&scopes) {
        return refuse(ApiError::out_of_scope(&scopes));
    }
    request.extensions_mut().insert(actor);
    Ok(request)
}

fn refuse(answer: impl axum::response::IntoResponse) -> Admitted {
    Err(Box::new(answer.into_response()))
}

/// Where to sign in, and where to go on afterwards.
fn sign_in_path(next: &str) -> String {
    if next == "/" {
        return "/sign-in".to_owned();
    }
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("/sign-in?{query}")
}
