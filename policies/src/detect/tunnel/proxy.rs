//! TU-05, the configured part: a proxy that all traffic goes through.
//!
//! Always: a proxy is ordinary in companies; a public address as proxy is not, and a proxy on this machine is worth
//! a look because whatever listens there sees and moves the traffic.

use std::net::IpAddr;

use bearing_protocol::{
    coverage::Source,
    severity::{Confidence, Severity},
};

use crate::detect::{Context, Draft, evidence};

pub(super) fn report(context: &mut Context<'_>) {
    let mut drafts = Vec::new();
    for proxy in &context.facts.network.proxies {
        let (severity, cause, why) = if proxy.loopback {
            (Severity::Low, "loopback-proxy", "traffic goes through a program on this machine")
        } else if is_public(&proxy.endpoint) {
            (
                Severity::Medium,
                "public-proxy",
                "traffic leaves through a public address, and seems to come from there",
            )
        } else {
            (Severity::Informational, "proxy", "traffic goes through a proxy")
        };
        let value = format!("{} {}", proxy.scheme, proxy.endpoint);
        let piece = evidence(Source::Proxies, proxy.location.clone(), "proxy", value, why);
        drafts.push((severity, cause, piece));
    }
    for (severity, cause, piece) in drafts {
        let title = match cause {
            "public-proxy" => "Traffic goes through a proxy at a public address",
            "loopback-proxy" => "Traffic goes through a proxy on this machine",
            _ => "A proxy is configured",
        };
        context.report(Draft {
            rule: "TU-05",
            severity: Some(severity),
            confidence: Confidence::Medium,
            title: title.into(),
            subject: format!("proxy:{cause}"),
            product: None,
            cause: cause.into(),
            evidence: vec![piece],
        });
    }
}

/// Whether the endpoint is a literal public address. A name is not resolved here.
fn is_public(endpoint: &str) -> bool {
    let address = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let host = match address.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, _)) => host,
        None => address.split([':', '/']).next().unwrap_or_default(),
    };
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            let shared = v4.octets().first() == Some(&100)
                && v4.octets().get(1).is_some_and(|b| (64..128).contains(b));
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        Ok(IpAddr::V6(v6)) => {
            let first = v6.segments().first().copied().unwrap_or_default();
            !(v6.is_loopback() || v6.is_unspecified() || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80)
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literal_public_addresses_are_public() {
        for endpoint in ["203.0.113.7:3128", "http://198.51.100.1:8080", "[2001:db8::1]:3128"] {
            assert!(is_public(endpoint), "{endpoint}");
        }
        for endpoint in
            ["10.0.0.1:3128", "proxy.example:3128", "127.0.0.1:1", "100.64.0.1:1", "[fd00::1]:1", ""]
        {
            assert!(!is_public(endpoint), "{endpoint}");
        }
    }
}
