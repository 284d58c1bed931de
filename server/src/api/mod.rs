//! The JSON API, for programs and people.
//!
//! Always: the same functions as the console's; a bearer token with role and expiry; problems as RFC 9457;
//! lists in pages with a cursor.

mod error;

pub use error::ApiError;

use axum::Router;

use crate::{
    app::App,
    auth::{Door, Routes},
};

/// Every route of the API, with who may enter.
pub fn routes() -> Routes {
    Routes::behind(Door::Api)
}

/// The API's router.
pub fn router() -> Router<App> {
    routes().into_router()
}
