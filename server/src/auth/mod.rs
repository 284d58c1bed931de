//! Who may do what: passwords, sessions, API tokens, roles, and the guard in front of every route.
//!
//! Always: a handler is reachable only through [`Routes`], which states who may enter; what a secret was is
//! stored as a hash; a form is believed only from our own page; an unknown name costs as long as a wrong password.

mod actor;
mod api_token;
mod cookie;
mod csrf;
mod guard;
mod password;
mod random;
mod routes;
mod scope;
mod session;
mod sign_in;
mod throttle;

pub use actor::{Actor, Signed};
pub use api_token::{ApiTokenError, NewApiToken, new_api_token};
pub use cookie::{FORM_COOKIE, SESSION_COOKIE, cookie, expired_cookie, set_cookie};
pub use csrf::{same_origin, same_text};
pub use guard::{Door, Needs, Peer};
pub use password::{MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS, PasswordError, hash_password, verify_password};
pub use random::{RandomError, random_bytes, random_hex};
pub use routes::{RouteEntry, Routes};
pub use scope::scopes_for;
pub use session::{SESSION_HOURS, end_session};
pub use sign_in::{SignInError, sign_in};
pub use throttle::{MAX_FAILURES_PER_ADDRESS, MAX_FAILURES_PER_NAME, WINDOW_MINUTES};
