//! Whether the environment sends requests to a server through a proxy.
//!
//! Always: in doubt yes: a round trip that is not measured says nothing, one to a proxy says something wrong.

/// Whether `host_and_port` is reached through a proxy that variables name. `NO_PROXY` exempts it as a whole name, a
/// suffix of labels, an address, or `*`.
pub(super) fn is_proxied(host_and_port: &str, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |names: &[&str]| {
        names.iter().find_map(|name| variable(name).filter(|value| !value.trim().is_empty()))
    };
    if set(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]).is_none() {
        return false;
    }
    let Some(exempt) = set(&["NO_PROXY", "no_proxy"]) else { return true };
    let host = host_and_port.rsplit_once(':').map_or(host_and_port, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    !exempt.split(',').map(|part| part.trim().to_ascii_lowercase()).any(|part| {
        let suffix = part.trim_start_matches('.');
        part == "*" || (!suffix.is_empty() && (host == suffix || host.ends_with(&format!(".{suffix}"))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_counts_unless_the_server_is_exempt() {
        let with = |proxy: &str, exempt: &str| {
            is_proxied("bearing.corp.example:8443", |name| match name {
                "https_proxy" => Some(proxy.to_owned()),
                "NO_PROXY" => Some(exempt.to_owned()),
                _ => None,
            })
        };
        assert!(with("http://proxy:3128", ""));
        assert!(with("http://proxy:3128", "other.example, earing.corp.example"));
        assert!(!with("", ""));
        for exempt in ["*", "bearing.corp.example", ".corp.example", "x, CORP.example"] {
            assert!(!with("http://proxy:3128", exempt), "{exempt}");
        }
        assert!(!is_proxied("[::1]:443", |name| (name == "ALL_PROXY")
            .then(|| "socks5://x".into())
            .or_else(|| (name == "no_proxy").then(|| "::1".into()))));
    }
}
