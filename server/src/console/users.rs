//! Accounts and API tokens.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::{
    Timestamp,
    id::{TokenId, UserId},
};
use bearing_store::{ApiTokenRow, Role, Scope, UserRow};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    ProblemPage,
    form::{Fields, Ids, day_after, done, end_of_day},
    frame::{Frame, Visit, page},
    view::{When, shown},
};
use crate::{
    act::{self, ApiTokenRequest, UserRequest},
    app::App,
    auth::MIN_PASSWORD_CHARS,
};

const PROPOSED_DAYS: i64 = 90;
const LONGEST_DAYS: i64 = 365;

/// What each role may do, for people.
const ROLES: [(Role, &str); 4] = [
    (Role::Viewer, "looks"),
    (Role::Auditor, "reads everything, runs evaluations, changes nothing else"),
    (Role::Analyst, "works findings, gives approvals"),
    (Role::Admin, "everything"),
];

/// What a token may be for, for people.
const SCOPES: [(Scope, &str); 6] = [
    (Scope::Read, "reads what its role may read"),
    (Scope::RosterWrite, "reads and changes the roster"),
    (Scope::SignInsWrite, "hands in sign-ins"),
    (Scope::TripsWrite, "announces and decides on trips"),
    (Scope::Scim, "SCIM, for an identity provider"),
    (Scope::All, "whatever its role may"),
];

/// An account, in a line.
#[derive(Clone, Debug)]
pub(super) struct UserLine {
    id: String,
    name: String,
    role: Role,
    disabled: bool,
    own: bool,
    last: Option<When>,
}

/// An API token, in a line.
#[derive(Clone, Debug)]
pub(super) struct TokenLine {
    id: String,
    name: String,
    role: &'static str,
    scopes: String,
    usable: bool,
    state: &'static str,
    created_by: String,
    expires: When,
    last: Option<When>,
}

#[derive(Template)]
#[template(path = "users.html")]
pub(super) struct UsersPage {
    frame: Frame,
    fresh: Option<String>,
    server: String,
    users: Vec<UserLine>,
    tokens: Vec<TokenLine>,
    roles: [(Role, &'static str); 4],
    scopes: [(Scope, &'static str); 6],
    min_chars: usize,
    proposed: String,
    earliest: String,
    latest: String,
}

impl UsersPage {
    fn of(
        frame: Frame,
        fresh: Option<String>,
        server: &str,
        users: &[UserRow],
        tokens: &[ApiTokenRow],
        now: Timestamp,
    ) -> Self {
        let own = frame.name.clone();
        Self {
            frame,
            fresh,
            server: server.trim_end_matches('/').to_owned(),
            users: users
                .iter()
                .map(|user| UserLine {
                    id: user.id.to_string(),
                    name: shown(&user.name),
                    role: user.role,
                    disabled: user.disabled,
                    own: user.name == own,
                    last: When::maybe(user.last_sign_in, now),
                })
                .collect(),
            tokens: tokens.iter().map(|token| token_line(token, now)).collect(),
            roles: ROLES,
            scopes: SCOPES,
            min_chars: MIN_PASSWORD_CHARS,
            proposed: day_after(now, PROPOSED_DAYS),
            earliest: day_after(now, 0),
            latest: day_after(now, LONGEST_DAYS),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("users", Role::Admin);
        let url = "https://bearing.example:8443";
        let fresh = Some("tok_1.secret".to_owned());
        vec![
            Self::of(frame(), None, url, &[], &[], samples::now()),
            Self::of(frame(), fresh, url, &[samples::user()], &[samples::api_token()], samples::now()),
        ]
    }
}

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, ProblemPage> {
    render(&app, &visit, None).await
}

/// The form that creates an account.
#[derive(Deserialize)]
pub(super) struct UserFields {
    name: String,
    role: Role,
    password: SecretString,
}

pub(super) async fn create(
    State(app): State<App>,
    visit: Visit,
    Fields(sent): Fields<UserFields>,
) -> Result<Response, ProblemPage> {
    let request = UserRequest { name: sent.name, role: sent.role, password: sent.password };
    act::create_user(&app, visit.actor(), request).await?;
    Ok(done("/users", "user"))
}

/// The form that changes a role.
#[derive(Deserialize)]
pub(super) struct RoleFields {
    role: Role,
}

pub(super) async fn role(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<UserId>,
    Fields(sent): Fields<RoleFields>,
) -> Result<Response, ProblemPage> {
    act::set_user_role(&app, visit.actor(), &id, sent.role).await?;
    Ok(done("/users", "saved"))
}

pub(super) async fn disable(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<UserId>,
) -> Result<Response, ProblemPage> {
    act::set_user_disabled(&app, visit.actor(), &id, true).await?;
    Ok(done("/users", "saved"))
}

pub(super) async fn enable(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<UserId>,
) -> Result<Response, ProblemPage> {
    act::set_user_disabled(&app, visit.actor(), &id, false).await?;
    Ok(done("/users", "saved"))
}

/// The form that sets a password.
#[derive(Deserialize)]
pub(super) struct PasswordFields {
    password: SecretString,
}

pub(super) async fn password(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<UserId>,
    Fields(sent): Fields<PasswordFields>,
) -> Result<Response, ProblemPage> {
    act::change_password(&app, visit.actor(), &id, &sent.password).await?;
    Ok(done("/users", "saved"))
}

/// The form that creates an API token.
#[derive(Deserialize)]
pub(super) struct TokenFields {
    name: String,
    role: Role,
    scope: Scope,
    expires: String,
}

pub(super) async fn create_token(
    State(app): State<App>,
    visit: Visit,
    Fields(sent): Fields<TokenFields>,
) -> Result<Response, ProblemPage> {
    let expires_at = end_of_day("the expiry", &sent.expires)?;
    let request = ApiTokenRequest { name: sent.name, role: sent.role, scopes: vec![sent.scope], expires_at };
    let token = act::create_api_token(&app, visit.actor(), request).await?;
    render(&app, &visit, Some(token.reveal.to_string())).await
}

pub(super) async fn revoke_token(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<TokenId>,
) -> Result<Response, ProblemPage> {
    act::revoke_api_token(&app, visit.actor(), &id).await?;
    Ok(done("/users", "revoked-token"))
}

async fn render(app: &App, visit: &Visit, fresh: Option<String>) -> Result<Response, ProblemPage> {
    let users = app.store.users().await?;
    let tokens = app.store.api_tokens().await?;
    let frame = visit.frame(app, "users");
    Ok(page(&UsersPage::of(frame, fresh, &app.public_url, &users, &tokens, app.clock.now())))
}

fn token_line(token: &ApiTokenRow, now: Timestamp) -> TokenLine {
    let state = if token.revoked_at.is_some() {
        "withdrawn"
    } else if token.expires_at <= now {
        "expired"
    } else {
        "usable"
    };
    TokenLine {
        id: token.id.to_string(),
        name: shown(&token.name),
        role: token.role.as_str(),
        scopes: token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", "),
        usable: state == "usable",
        state,
        created_by: shown(&token.created_by),
        expires: When::at(token.expires_at, now),
        last: When::maybe(token.last_used, now),
    }
}
