//! Who acts. An [`Actor`] is made by the guard alone (and by the command line for itself), so that nothing acts
//! that did not come through a door.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use bearing_store::{ApiTokenRow, Role, Scope, UserRow};

use crate::app::App;

/// A person or a program that acts.
#[derive(Clone, Debug)]
pub struct Actor {
    name: String,
    role: Role,
    scopes: Vec<Scope>,
    address: String,
}

impl Actor {
    /// The command line on the server's own machine, which has every right.
    pub fn command_line() -> Self {
        Self {
            name: "cli".to_owned(),
            role: Role::Admin,
            scopes: vec![Scope::All],
            address: "local".to_owned(),
        }
    }

    pub(super) fn of_user(user: &UserRow, address: &str) -> Self {
        Self {
            name: user.name.clone(),
            role: user.role,
            scopes: vec![Scope::All],
            address: address.to_owned(),
        }
    }

    pub(super) fn of_api_token(token: &ApiTokenRow, address: &str) -> Self {
        Self {
            name: format!("api:{}", token.name),
            role: token.role,
            scopes: token.scopes.clone(),
            address: address.to_owned(),
        }
    }

    /// The name in the audit log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may do.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Where it came from.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether it may do what `role` may.
    pub fn may(&self, role: Role) -> bool {
        self.role >= role
    }

    /// Whether it is for one of `scopes`.
    pub fn is_for(&self, scopes: &[Scope]) -> bool {
        self.scopes.iter().any(|scope| scopes.contains(scope))
    }

    #[cfg(test)]
    pub(crate) fn for_test(name: &str, role: Role) -> Self {
        Self { name: name.to_owned(), role, scopes: vec![Scope::All], address: "127.0.0.1".to_owned() }
    }
}

impl FromRequestParts<App> for Actor {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, StatusCode> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// A person with a browser session: who, and what their forms must repeat.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Who.
    pub actor: Actor,
    /// What every form of this session carries.
    pub csrf: String,
}

impl FromRequestParts<App> for Signed {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, StatusCode> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}
