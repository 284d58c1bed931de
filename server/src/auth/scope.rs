//! Which scopes of a token open which route.
//!
//! Always: one function, from method and path; a change that it does not know needs the scope `all`.

use axum::http::Method;
use bearing_store::Scope;

/// Paths whose nouns have a scope of their own.
const NOUNS: [(&str, Scope); 6] = [
    ("/api/v1/trips", Scope::TripsWrite),
    ("/api/v1/sign-ins", Scope::SignInsWrite),
    ("/api/v1/people", Scope::RosterWrite),
    ("/api/v1/roster", Scope::RosterWrite),
    ("/api/v1/reconciliation", Scope::RosterWrite),
    ("/scim", Scope::Scim),
];

/// The scopes of which a token needs one to enter a route.
pub fn scopes_for(method: &Method, path: &str) -> Vec<Scope> {
    let below =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let noun = NOUNS.iter().find(|(prefix, _)| below(prefix)).map(|(_, scope)| *scope);
    let mut scopes = vec![Scope::All];
    if matches!(*method, Method::GET | Method::HEAD) && noun != Some(Scope::Scim) {
        scopes.push(Scope::Read);
    }
    scopes.extend(noun);
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_needs_everything() {
        let of = |method: Method, path: &str| {
            scopes_for(&method, path).into_iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of(Method::GET, "/api/v1/devices"), "all read");
        assert_eq!(of(Method::POST, "/api/v1/devices/dev_1/revoke"), "all");
        assert_eq!(of(Method::POST, "/api/v1/trips"), "all trips:write");
        assert_eq!(of(Method::GET, "/api/v1/trips"), "all read trips:write");
        assert_eq!(of(Method::POST, "/api/v1/tripsx"), "all");
        assert_eq!(of(Method::GET, "/scim/v2/Users"), "all scim");
        assert_eq!(of(Method::PUT, "/api/v1/people/1"), "all roster:write");
    }
}
