//! Cookies: read from the header, written with what keeps them ours.
//!
//! Always: the `__Host-` prefix, Secure, HttpOnly, SameSite=Strict, the whole site; values are our own hex or words.

use axum::http::{HeaderMap, HeaderValue, header};

/// The session.
pub const SESSION_COOKIE: &str = "__Host-bearing";
/// What the sign-in form must repeat, before there is a session.
pub const FORM_COOKIE: &str = "__Host-bearing-form";

/// The value of the cookie `name`. Where it was sent twice there is none: nobody sends two honestly.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned());
    let first = found.next()?;
    if found.next().is_some() { None } else { Some(first) }
}

/// The `Set-Cookie` value that sets `name` for `seconds`.
pub fn set_cookie(name: &str, value: &str, seconds: u64) -> Option<HeaderValue> {
    let line = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::from_str(&line).ok()
}

/// The `Set-Cookie` value that removes `name`.
pub fn expired_cookie(name: &str) -> Option<HeaderValue> {
    set_cookie(name, "", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_sent_twice_is_no_cookie() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; __Host-bearing=x"));
        assert_eq!(cookie(&headers, SESSION_COOKIE).as_deref(), Some("x"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-bearing=y"));
        assert_eq!(cookie(&headers, SESSION_COOKIE), None);
    }
}
