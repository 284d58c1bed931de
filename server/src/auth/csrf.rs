//! Whether a form comes from our own page: its origin, and the token the page gave it.

use axum::http::{HeaderMap, Uri, header, uri::Authority};
use subtle::ConstantTimeEq as _;

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn same_text(left: &str, right: &str) -> bool {
    bool::from(left.as_bytes().ct_eq(right.as_bytes()))
}

/// Whether the request was made by a page of this server: `Origin` names the host that was asked, or the address
/// people reach it at. Browsers send it with every form; without it `Sec-Fetch-Site` must say so.
pub fn same_origin(headers: &HeaderMap, uri: &Uri, public_url: &str) -> bool {
    let fetch_site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if fetch_site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return fetch_site == Some("same-origin") };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else { return false };
    let Some((_, origin_host)) = origin.split_once("://") else { return false };
    let asked = uri
        .authority()
        .map(Authority::as_str)
        .or_else(|| headers.get(header::HOST).and_then(|value| value.to_str().ok()));
    asked.is_some_and(|host| host.eq_ignore_ascii_case(origin_host))
        || origin.eq_ignore_ascii_case(public_url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(origin: Option<&'static str>, site: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "bearing.example:8443".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        if let Some(site) = site {
            headers.insert("sec-fetch-site", site.parse().unwrap());
        }
        same_origin(&headers, &Uri::from_static("/devices"), "https://console.example")
    }

    #[test]
    fn only_our_own_pages_are_believed() {
        assert!(asks(Some("https://bearing.example:8443"), None));
        assert!(asks(Some("https://console.example"), Some("same-origin")));
        assert!(asks(None, Some("same-origin")));
        assert!(!asks(Some("https://evil.example"), None));
        assert!(!asks(Some("https://bearing.example:8443"), Some("cross-site")));
        assert!(!asks(Some("null"), None));
        assert!(!asks(None, None));
    }
}
