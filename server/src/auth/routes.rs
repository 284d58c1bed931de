//! The one table of routes: path, method, who may enter. A handler is reachable only through it.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};

use super::guard::{Door, Guarded, Needs};
use crate::app::App;

/// A line of the table.
#[derive(Clone, Debug)]
pub struct RouteEntry {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may enter.
    pub needs: Needs,
}

/// Builds a router and the table of what is in it.
pub struct Routes {
    door: Door,
    router: Router<App>,
    table: Vec<RouteEntry>,
}

impl Routes {
    /// None yet; all of them behind `door`.
    pub fn behind(door: Door) -> Self {
        Self { door, router: Router::new(), table: Vec::new() }
    }

    /// Adds what answers `GET path`.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::GET, MethodFilter::GET, path, needs, handler)
    }

    /// Adds what answers `POST path`.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::POST, MethodFilter::POST, path, needs, handler)
    }

    /// Adds what answers `PUT path`.
    #[must_use]
    pub fn put<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::PUT, MethodFilter::PUT, path, needs, handler)
    }

    /// Adds what answers `PATCH path`.
    #[must_use]
    pub fn patch<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::PATCH, MethodFilter::PATCH, path, needs, handler)
    }

    /// Adds what answers `DELETE path`.
    #[must_use]
    pub fn delete<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::DELETE, MethodFilter::DELETE, path, needs, handler)
    }

    fn add<H, T>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        needs: Needs,
        handler: H,
    ) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let guarded = Guarded::new(self.door, needs, handler);
        self.router = self.router.route(path, on(filter, guarded));
        self.table.push(RouteEntry { method, path, needs });
        self
    }

    /// The router.
    pub fn into_router(self) -> Router<App> {
        self.router
    }

    /// The table.
    pub fn table(&self) -> &[RouteEntry] {
        &self.table
    }
}
